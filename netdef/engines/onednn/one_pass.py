"""One pass over arrays: a value changed step by step by one primitive of oneDNN's."""

from functools import cached_property
from typing import Any

import numpy as np

from netdef.engines.engine import Run
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.passes import Pass, Step
from netdef.engines.onednn.primitive import (
    DST,
    POST_OP_SRC,
    RELU,
    SRC,
    SRC_1,
    TRAINING,
    Eltwise,
    Kernel,
    Owner,
)

_BINARY = {
    **{"add": 0x1FFF0, "multiply": 0x1FFF1, "maximum": 0x1FFF2, "minimum": 0x1FFF3},
    **{"divide": 0x1FFF4, "subtract": 0x1FFF5, "greater_equal": 0x1FFF6, "greater": 0x1FFF7},
    **{"less_equal": 0x1FFF8, "less": 0x1FFF9, "equal": 0x1FFFA, "not_equal": 0x1FFFB},
}
_LINEAR, _POWER = 0x26, 0x30
_OF_ONE: dict[str, Eltwise] = {
    **{"tanh": (0x21, 0.0, 0.0), "square": (0x23, 0.0, 0.0), "abs": (0x24, 0.0, 0.0)},
    **{"sqrt": (0x25, 0.0, 0.0), "log_of_1_and_exp": (0x27, 1.0, 0.0), "exp": (0x2A, 0.0, 0.0)},
    **{"log": (0x2D, 0.0, 0.0), "reciprocal": (_POWER, 1.0, -1.0)},
}
_Change = tuple[Any, ...]
"""A function of the value alone, with two parameters; or of it and an array's name or a number."""


class OnePass(Calls):
    """Makes calls of passes."""

    @cached_property
    def _kernels_of_passes(self) -> dict[Any, Kernel]:
        """Kernels by their pass and how its arrays lie: those of blocks are the same."""
        return {}

    def one_pass(self, what: Pass, arrays: dict[str, Any]) -> Run:
        """Return what runs a pass; ``arrays`` has its arrays by name, its result's is ``into``.

        Raises:
            Refused: oneDNN does not do it with arrays that lie so.
        """
        x, out, changes = arrays[what.start], arrays[what.into], _changes(what.steps)
        given = {SRC: x, DST: out}
        if len(changes[0]) > 2 and len(changes) > 1:
            changes.insert(0, (_BINARY["add"], 0.0))  # nothing else is followed by more at once
        for place, change in enumerate(changes):
            if len(change) == 2:
                given[place * _NEXT | SRC_1] = _beside(change[1], arrays)
        key = what, *((k, a.shape, a.strides, a.dtype.name) for k, a in given.items())
        kernel = self._kernels_of_passes.get(key)
        if kernel is None:
            kernel = self._kernel_of(changes, given)
            self._kernels_of_passes[key] = kernel
        return self.bare(kernel, self.lying(given))

    def _kernel_of(self, changes: list[_Change], given: dict[int, Any]) -> Kernel:
        describe, engine = self.describe, self.library.engine
        post = _PostOps(self.library)
        for place, change in enumerate(changes[1:], 1):
            if len(change) == 2:
                post.add_binary(change[0], describe.like(given[place * _NEXT | SRC_1]))
            else:
                post.add_eltwise(*change)
        source, goal, first = describe.like(given[SRC]), describe.like(given[DST]), changes[0]
        if len(first) == 2:
            beside = describe.like(given[SRC_1])
            return self.kernel("binary", engine, first[0], source, beside, goal, post.attributes)
        return self.kernel(
            "eltwise_forward", engine, TRAINING, first[0], source, goal, *first[1:], post.attributes
        )


_NEXT = POST_OP_SRC & ~SRC_1
"""What the number of a step is multiplied by in the argument for its array."""


class _PostOps(Owner):
    """Steps that a primitive does after its own, with what it reads still in registers."""

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self._ops = self.own("post_ops", library.make("post_ops_create"))

    def add_eltwise(self, function: int, alpha: float, beta: float) -> None:
        self.library.call("post_ops_append_eltwise", self._ops, function, alpha, beta)

    def add_binary(self, function: int, description: int) -> None:
        self.library.call("post_ops_append_binary", self._ops, function, description)

    @property
    def attributes(self) -> int:
        """Attributes with these steps and given scratch memory."""
        made = self.own("primitive_attr", self.library.make("primitive_attr_create"))
        self.library.call("primitive_attr_set_scratchpad_mode", made, 1)
        self.library.call("primitive_attr_set_post_ops", made, self._ops)
        return made


def _beside(operand: str | float, arrays: dict[str, Any]) -> Any:
    """Return the array of that name, or one with the number alone."""
    if isinstance(operand, str):
        return arrays[operand]
    result = arrays[""]
    return np.full((1,) * result.ndim, operand, result.dtype)


def _changes(steps: tuple[Step, ...]) -> list[_Change]:
    """Return steps as oneDNN's; numbers that are added after others make one step with them."""
    changes: list[_Change] = []
    for step in steps:
        change = _change(step)
        if changes and change[0] == changes[-1][0] == _LINEAR and change[1] == 1:
            _, factor, before = changes.pop()
            change = _LINEAR, factor, before + change[2]
        changes.append(change)
    return changes


def _change(step: Step) -> _Change:
    function, operand = step.function, step.operand
    if operand is None:
        return _OF_ONE[function]
    if isinstance(operand, float):
        if function == "power":
            return _POWER, 1.0, operand
        if function == "maximum" and operand == 0:
            return RELU, 0.0, 0.0
        if function == "multiply":
            return _LINEAR, operand, 0.0
        if function in ("add", "subtract"):
            return _LINEAR, 1.0, operand if function == "add" else -operand
    return _BINARY[function], operand

"""The primitive ``map`` for chains: one pass of oneDNN's for several steps."""

from typing import Any

import numpy as np

from netdef.engines.engine import Refused, Run, in_order
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.chains import Chain, Step, chain_of
from netdef.engines.onednn.primitive import (
    DIFF_DST,
    DIFF_SRC,
    DST,
    RELU,
    RELU_BY_RESULT,
    SRC,
    SRC_1,
    TRAINING,
    Owner,
)
from netdef.engines.scratch import fake
from netdef.expression import compile_expression

_LINEAR, _POST_OP = 0x26, 1 << 15
_BINARY = {
    **{"add": 0x1FFF0, "multiply": 0x1FFF1, "maximum": 0x1FFF2, "minimum": 0x1FFF3},
    **{"divide": 0x1FFF4, "subtract": 0x1FFF5, "greater_equal": 0x1FFF6, "greater": 0x1FFF7},
    **{"less_equal": 0x1FFF8, "less": 0x1FFF9, "equal": 0x1FFFA, "not_equal": 0x1FFFB},
}
_TARGET = "what is added to"
_Pass = list[Step]


class Elementwise(Calls):
    """The primitive ``map`` where a value is changed step by step."""

    def map(
        self,
        out: Any = None,
        add_to: Any = None,
        *,
        expression: str,
        numbers: dict[str, float],
        **arrays: Any,
    ) -> Run:
        target = out if add_to is None else add_to
        chain = chain_of(compile_expression(expression, numbers))
        if chain is None:
            raise Refused("computes no such expression")
        if add_to is not None:
            chain, arrays = chain.plus(_TARGET), arrays | {_TARGET: add_to}
        self.refuse_small(target)
        if {a.dtype.name for a in (target, *arrays.values())} != {target.dtype.name}:
            raise Refused("computes with arrays of one type only")
        views = _alike({"": target, **arrays})
        return self._passes(chain, views.pop(""), views)

    def _passes(self, chain: Chain, target: Any, arrays: dict[str, Any]) -> Run:
        value, goal = arrays[chain.start], target
        if value.shape != target.shape:
            raise Refused("begins no chain with an array to be broadcast")
        if not chain.steps:
            return self.reorder(*self._described(value), *self._described(target))
        passes = _parted(chain.steps)
        # What a later pass reads may lie where the result shall lie.
        room = self.room_like(target) if len(passes) > 1 else target
        later = [arrays[s.operand] for p in passes[1:] for s in p if isinstance(s.operand, str)]
        if not self.is_rehearsal and any(np.may_share_memory(target, a) for a in later):
            goal = room
        runs = []
        for number, steps in enumerate(passes):
            result = target if number == len(passes) - 1 else goal
            if steps[0].function == "keep":
                runs.append(self._keep(value, arrays[str(steps[0].operand)], result))
            else:
                runs.append(self._steps(value, steps, result, arrays))
            value = result
        return in_order(*runs)

    def _described(self, array: Any) -> tuple[int, Any]:
        return self.describe.like(array), array

    def _keep(self, x: Any, where: Any, out: Any) -> Run:
        """Return what keeps x where the other array is positive: the gradient of a ReLU."""
        describe, engine = self.describe, self.library.engine
        if where.shape != x.shape:
            raise Refused("keeps nothing by an array to be broadcast")
        result = describe.like(where)
        hint = self.kernel(
            "eltwise_forward",
            *(engine, TRAINING, RELU_BY_RESULT, result, result, 0.0, 0.0, describe.attributes()),
        )
        kernel = self.kernel(
            "eltwise_backward",
            *(engine, RELU_BY_RESULT, describe.like(out), describe.like(x), result),
            *(0.0, 0.0, hint.handle, describe.attributes()),
        )
        arrays = {DST: where, DIFF_DST: x, DIFF_SRC: out}
        return self.bare(kernel, self.lying(arrays))

    def _steps(self, x: Any, steps: _Pass, out: Any, arrays: dict[str, Any]) -> Run:
        """Return what does all steps at once."""
        describe, engine = self.describe, self.library.engine
        first, *rest = [_operand(step, out, arrays) for step in steps]
        given = {SRC: x, DST: out}
        post = _PostOps(self.library)
        for number, (function, operand) in enumerate(rest):
            if isinstance(operand, tuple):
                post.add_eltwise(function, *operand)
            else:
                post.add_binary(function, describe.like(operand))
                given[(number + 1) * _POST_OP | SRC_1] = operand
        function, operand = first
        source, goal = describe.like(x), describe.like(out)
        if isinstance(operand, tuple):
            kernel = self.kernel(
                "eltwise_forward",
                *(engine, TRAINING, function, source, goal, *operand, post.attributes),
            )
        else:
            given[SRC_1] = operand
            other = describe.like(operand)
            kernel = self.kernel("binary", engine, function, source, other, goal, post.attributes)
        return self.bare(kernel, self.lying(given))


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


def _parted(steps: tuple[Step, ...]) -> list[_Pass]:
    """Part steps into passes.

    Those that keep a part of the numbers need their own, and what begins with a number takes
    no arrays after it.
    """
    passes: list[_Pass] = []
    for step in steps:
        if (
            not passes
            or "keep" in (step.function, passes[-1][-1].function)
            or (isinstance(step.operand, str) and _is_of_number(passes[-1][0]))
        ):
            passes.append([])
        passes[-1].append(step)
    return passes


def _is_of_number(step: Step) -> bool:
    """True if the step is a function of the value alone."""
    if isinstance(step.operand, str):
        return False
    is_relu = step.function == "maximum" and step.operand == 0
    return is_relu or step.function in ("add", "subtract", "multiply")


def _operand(step: Step, out: Any, arrays: dict[str, Any]) -> tuple[int, Any]:
    """Return the function of a step, and its two numbers or its array."""
    function, operand = step.function, step.operand
    if isinstance(operand, str):
        return _BINARY[function], arrays[operand]
    if not _is_of_number(step):
        return _BINARY[function], np.full((1,) * out.ndim, operand, out.dtype)
    if function == "maximum":
        return RELU, (0.0, 0.0)
    if function == "multiply":
        return _LINEAR, (operand, 0.0)
    return _LINEAR, (1.0, operand if function == "add" else -operand)


def _alike(arrays: dict[str, Any]) -> dict[str, Any]:
    """View dense arrays that lie in one order as flat ones; leave others, with equal axes.

    Raises:
        Refused: they have too many axes.
    """
    target = arrays[""]
    order = sorted(range(target.ndim), key=lambda i: -target.strides[i])
    dense = fake(target.shape, target.dtype, tuple(order)).strides
    if all(a.shape == target.shape and a.strides == dense for a in arrays.values()):
        return {k: a.transpose(order).reshape(-1) for k, a in arrays.items()}
    if target.ndim > 5:
        raise Refused("broadcasts arrays of up to 5 axes")
    return {k: a.reshape((1,) * (target.ndim - a.ndim) + a.shape) for k, a in arrays.items()}

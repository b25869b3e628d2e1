"""What all calls on cuDNN share: arrays brought into one layout and type, plans bound to them."""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from netdef.engines.cudnn.device import gpu
from netdef.engines.cudnn.operation_graph import Operand, OperationGraph, is_dense, order_of
from netdef.engines.cudnn.plan import Plan
from netdef.engines.cupy import CupyEngine
from netdef.engines.engine import Engine, Launches, Refused, Run
from netdef.engines.scratch import fake

NARROW = ("bfloat16", "float16")
_Way = TypeVar("_Way")


class Device(Protocol):
    """Where plans are made and run."""

    def plan(self, graph: OperationGraph, is_tuned: bool = False) -> Plan:
        """Return the plan of a graph, timed or not, or raise ``Refused``."""

    def is_aligned(self, array: Any) -> bool:
        """Tell whether an array begins where cuDNN takes arrays to begin."""

    def bind(
        self, graph: OperationGraph, plan: Plan, arrays: Mapping[str, Any], workspace: Any
    ) -> Run:
        """Return what runs a plan on arrays, by the names of the operands."""


class Calls(Engine):
    """Makes a call of an operation graph and of arrays that may lie otherwise."""

    tf32: bool
    """True if float32 may be rounded to 10 bits before it is multiplied."""
    autotune: bool
    """True if plans are timed on the GPU, and the fastest is taken."""
    others: ClassVar[type[Engine]] = CupyEngine
    """The engine whose kernels copy, add up and finish what no plan does."""

    @cached_property
    def other(self) -> Any:
        """An engine of that kind, in the same scratch memory."""
        return self.others(self.xp, self.scratch, self.clock)

    def mapped(
        self,
        expression: str,
        out: Any = None,
        add_to: Any = None,
        numbers: Mapping[str, float] | None = None,
        **arrays: Any,
    ) -> Run:
        """Return what computes an expression, number by number, from arrays of any types."""
        run: Run = self.other.map(
            out, add_to, expression=expression, numbers=dict(numbers or {}), **arrays
        )
        return run

    @property
    def device(self) -> Device:
        """The GPU that is current."""
        import cupy

        return gpu(cupy.cuda.Device().id)

    @property
    def is_rehearsal(self) -> bool:
        """True if calls are only prepared to see what memory they need."""
        return self.scratch.block is None

    def dtype_of(self, *arrays: Any) -> str:
        """Return the narrowest type of the arrays, in which they all are given to cuDNN."""
        return str(min((a.dtype for a in arrays), key=lambda dtype: dtype.itemsize).name)

    def lies_channels_innermost(self, dtype: str) -> bool:
        """Return how a call's images are given to cuDNN: as its kernels for that type read them.

        In 16 bits and TF32 that is channels innermost. Kernels that keep float32 read plain
        images; given others, they transpose them first (seen by the memory they ask for).
        """
        return dtype in NARROW or self.tf32

    def plan_of(self, graph: OperationGraph) -> Plan:
        """Return the plan of a graph, as this engine takes plans, or raise ``Refused``."""
        plan = self.device.plan(graph, self.autotune)
        self._names[graph.key] = plan.name
        return plan

    @cached_property
    def _names(self) -> dict[str, str]:
        return {}

    @property
    def kernels(self) -> str:
        named = json.dumps(sorted(self._names.items())).encode()
        return f"cudnn-{sha256(named).hexdigest()[:16]}" if self._names else ""

    def first_with_a_plan(
        self, ways: Iterable[tuple[OperationGraph, _Way]]
    ) -> tuple[OperationGraph, _Way]:
        """Return the first graph that cuDNN has a plan for, and what goes with it.

        Raises:
            Refused: there is none; with the last reason.
        """
        why = Refused("has no plan")
        for graph, way in ways:
            try:
                self.plan_of(graph)
            except Refused as refusal:
                why = refusal
            else:
                return graph, way
        raise why

    def given(
        self, array: Any, operand: Operand, channels_innermost: bool
    ) -> tuple[Any, Run | None]:
        """Return an array as the operand says, and what copies it there if it must."""
        if self._fits(array, operand, channels_innermost):
            return array, None
        room = self._elsewhere(array, operand, channels_innermost)
        return room, self.mapped("x", out=room, x=array)

    def taken(
        self, array: Any, operand: Operand, channels_innermost: bool
    ) -> tuple[Any, Run | None]:
        """Return where a result is written, and what copies it to the array if it must."""
        if self._fits(array, operand, channels_innermost):
            return array, None
        room = self._elsewhere(array, operand, channels_innermost)
        return room, self.mapped("x", out=array, x=room)

    def added(
        self, array: Any, operand: Operand, channels_innermost: bool = False
    ) -> tuple[Any, Run]:
        """Return where a result is written, and what adds it to the array."""
        room = self._room(array, operand, channels_innermost, self.scratch.take)
        return room, self.mapped("x", add_to=array, x=room)

    def arrange(
        self,
        graph: OperationGraph,
        channels_innermost: bool,
        reads: Mapping[str, Any],
        writes: Mapping[str, Any],
    ) -> tuple[dict[str, Any], list[Run | None], list[Run | None]]:
        """Return arrays as the graph's operands say, and what copies them before and after.

        What is named and the graph has no operand for is left out.
        """
        arrays: dict[str, Any] = {}
        before: list[Run | None] = []
        after: list[Run | None] = []
        for goal, operands, named, way in (
            (before, graph.inputs, reads, self.given),
            (after, graph.outputs, writes, self.taken),
        ):
            for operand in operands:
                if named.get(operand.name) is not None:
                    array, copy = way(named[operand.name], operand, channels_innermost)
                    arrays[operand.name] = array
                    goal.append(copy)
        return arrays, before, after

    def _fits(self, array: Any, operand: Operand, channels_innermost: bool) -> bool:
        return (
            array.dtype.name == operand.dtype
            and is_dense(array, channels_innermost)
            and (self.is_rehearsal or self.device.is_aligned(array))
        )

    def _elsewhere(self, array: Any, operand: Operand, channels_innermost: bool) -> Any:
        """Return memory in place of an array that is not as it should be: scratch memory.

        One that only begins at the wrong address cannot be seen in a rehearsal, which has no
        addresses; so it gets memory of its own.
        """
        is_foreseen = array.dtype.name != operand.dtype or not is_dense(array, channels_innermost)
        make = self.scratch.take if is_foreseen else self.xp.empty
        return self._room(array, operand, channels_innermost, make)

    @staticmethod
    def _room(array: Any, operand: Operand, channels_innermost: bool, make: Any) -> Any:
        """Return memory for an array of that shape, laid as the operand says."""
        order = order_of(array.ndim, channels_innermost)
        room = make(tuple(array.shape[i] for i in order), operand.dtype)
        return room.transpose(np.argsort(order).tolist())

    def constant(self, value: float, size: int) -> Any:
        """Return a vector of one number, that nobody writes: the same one to all who ask."""
        if self.is_rehearsal:
            return fake((size,), "float32")
        if (value, size) not in self._constants:
            self._constants[value, size] = self.xp.full(size, value, "float32")
        return self._constants[value, size]

    @cached_property
    def _constants(self) -> dict[tuple[float, int], Any]:
        return {}

    def ready(self, graph: OperationGraph, arrays: Mapping[str, Any]) -> Run:
        """Return what runs a graph on arrays that lie as its operands say.

        Raises:
            Refused: cuDNN has no plan for it.
        """
        plan = self.plan_of(graph)
        workspace = self.scratch.take((plan.workspace,), "uint8") if plan.workspace else None
        if self.is_rehearsal:
            return Launches(_nothing)
        return Launches(self.device.bind(graph, plan, arrays, workspace))


def _nothing() -> None:
    """Stand for a call in a rehearsal."""

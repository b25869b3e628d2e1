"""Attention of several heads, between its projections."""

from typing import Any

from netdef.engines.cudnn import attention_graphs as graphs
from netdef.engines.cudnn.attention_graphs import Heads
from netdef.engines.cudnn.calls import Calls
from netdef.engines.cudnn.operation_graph import Operand, OperationGraph, is_dense
from netdef.engines.engine import Refused, Run, in_order

_TYPES = {"BF16": "bfloat16", "FP16": "float16"}


class Attention(Calls):
    """The primitives ``attention`` and ``attention_back``, in the 16 bits of the net's precision.

    What is hidden is taken to be what lies behind each place.
    """

    precision: str

    def attention(
        self, q: Any, k: Any, v: Any, hidden: Any, out: Any, stats: Any, *, scale: float
    ) -> Run:
        graph = graphs.forward(self._heads(q, k, hidden, scale))
        return self._run(graph, {"q": q, "k": k, "v": v}, {"out": out}, stats)

    def attention_back(
        self,
        q: Any,
        k: Any,
        v: Any,
        hidden: Any,
        y: Any,
        dy: Any,
        stats: Any,
        dq: Any,
        dk: Any,
        dv: Any,
        *,
        scale: float,
    ) -> Run:
        graph = graphs.backward(self._heads(q, k, hidden, scale))
        reads = {"q": q, "k": k, "v": v, "y": y, "dy": dy}
        return self._run(graph, reads, {"dq": dq, "dk": dk, "dv": dv}, stats)

    def _heads(self, q: Any, k: Any, hidden: Any, scale: float) -> Heads:
        if self.precision not in _TYPES:
            raise Refused("computes attention in 16 bits alone")
        dtype = _TYPES[self.precision]
        return Heads(tuple(q.shape), tuple(k.shape), dtype, scale, hidden is not None)

    def _run(
        self, graph: OperationGraph, reads: dict[str, Any], writes: dict[str, Any], stats: Any
    ) -> Run:
        arrays: dict[str, Any] = {"stats": stats}
        before: list[Run | None] = []
        after: list[Run | None] = []
        for operand in graph.inputs[: len(reads)]:
            array = reads[operand.name]
            arrays[operand.name] = room = self._side_by_side(array, operand)
            before.append(None if room is array else self.mapped("x", out=room, x=array))
        for operand in graph.outputs[: len(writes)]:
            array = writes[operand.name]
            arrays[operand.name] = room = self._side_by_side(array, operand)
            after.append(None if room is array else self.mapped("x", out=array, x=room))
        return in_order(*before, self.ready(graph, arrays), *after)

    def _side_by_side(self, array: Any, operand: Operand) -> Any:
        """Return the array if it lies as the operand says, or scratch memory that does."""
        lying = array.transpose(0, 2, 1, 3)
        is_aligned = self.is_rehearsal or self.device.is_aligned(array)
        if array.dtype.name == operand.dtype and is_dense(lying, False) and is_aligned:
            return array
        return self.scratch.take(lying.shape, operand.dtype).transpose(0, 2, 1, 3)

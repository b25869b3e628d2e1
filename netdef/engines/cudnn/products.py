"""Matrix products."""

from collections.abc import Iterator, Mapping
from typing import Any

from netdef.engines.cudnn import product_graphs as graphs
from netdef.engines.cudnn.calls import Calls
from netdef.engines.cudnn.operation_graph import OperationGraph
from netdef.engines.engine import Run, in_order

_Form = tuple[OperationGraph, tuple[Mapping[str, str], bool]]
"""A graph, which of its operands a and b are, and whether it adds the bias."""


class Products(Calls):
    """The primitive ``gemm``, by cuDNN's product or by a convolution that is one."""

    def gemm(
        self,
        a: Any,
        b: Any,
        bias: Any = None,
        out: Any = None,
        add_to: Any = None,
        *,
        trans_a: bool,
        trans_b: bool,
    ) -> Run:
        target = out if add_to is None else add_to
        forms = self._forms(a, b, target, trans_a, trans_b, bias is not None)
        graph, (names, adds_bias) = self.first_with_a_plan(forms)
        operands = {o.name: o for o in (*graph.inputs, *graph.outputs)}
        arrays: dict[str, Any] = {}
        before: list[Run | None] = []
        for role, array in (("a", a), ("b", b), ("bias", bias if adds_bias else None)):
            if array is not None:
                name = names.get(role, role)
                arrays[name], copy = self.given(array, operands[name], False)
                before.append(copy)
        way = self.taken if add_to is None else self.added
        arrays["out"], after = way(target, operands["out"], False)
        run = self.ready(graph, arrays)
        rest = None
        if bias is not None and not adds_bias:
            rest = self.mapped("y + bias", out=target, y=target, bias=bias)
        return in_order(*before, run, after, rest)

    def _forms(
        self, a: Any, b: Any, target: Any, trans_a: bool, trans_b: bool, has_bias: bool
    ) -> Iterator[_Form]:
        shapes = tuple(a.shape), tuple(b.shape), tuple(target.shape)
        options: dict[str, Any] = {
            "dtype": self.dtype_of(a, b, target),
            "trans_a": trans_a,
            "trans_b": trans_b,
            "tf32": self.tf32,
        }
        for bias in sorted({has_bias, False}, reverse=True):
            yield graphs.product(*shapes, bias=bias, **options), ({}, bias)
            form = graphs.as_convolution(*shapes, bias=bias and trans_b, **options)
            if form is not None:
                graph, names = form
                yield graph, (names, bias and trans_b)

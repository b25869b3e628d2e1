"""Attention of several heads."""

import math
from typing import ClassVar

import numpy as np

from netdef.errors import ShapeError
from netdef.layer import Filler, Grad, Layer, Saved, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.shape import Shape


class Attention(Layer, message="attention_param"):
    """Give each place of x the mean of all places' values, by how well they match (Vaswani 2017).

    Each of ``num_heads`` heads takes its part of the projections ``q = x W_q^T + b_q``,
    ``k = memory W_k^T + b_k`` and ``v = memory W_v^T + b_v``, and makes of them
    ``softmax(q k^T / sqrt(D / num_heads)) v``; the heads side by side are projected once
    more. Without a second bottom x is its own memory. With ``causal`` a place sees none
    behind it.

    Shapes:
        x, y: ``(N, T, D)``, T places of D features; D a multiple of ``num_heads``.
        memory: ``(N, S, E)``.
        query_weight, output_weight: ``(D, D)``.
        key_weight, value_weight: ``(D, E)``.
        query_bias, key_bias, value_bias, output_bias: ``(D,)``, absent unless ``bias_term``.

    Raises:
        ShapeError: D does not divide into ``num_heads`` parts, the bottoms have no three
            axes or another N, or ``causal`` is set and T and S differ.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("x", "memory?")

    num_heads: int = field(at_least=1)
    causal: bool
    bias_term: bool
    weight_filler: Filler
    bias_filler: Filler

    def infer(self, x: Shape, memory: Shape | None) -> Signature:
        seen = x if memory is None else memory
        if len(x) != 3 or len(seen) != 3 or seen[0] != x[0]:
            raise ShapeError(f"bottoms {x} and {seen} must have the axes (items, places, features)")
        _, places, features = x
        if features % self.num_heads:
            raise ShapeError(f"{features} features do not divide among {self.num_heads} heads")
        if self.causal and places != seen[1]:
            raise ShapeError(f"causal needs as many places in the memory {seen} as in {x}")
        return Signature([x], self._weights(features, seen[2]), self._saved(x, seen))

    def _weights(self, features: int, seen: int) -> list[Weight]:
        widths = dict(query=features, key=seen, value=seen, output=features)
        weights = []
        for name, width in widths.items():
            weights.append(Weight(f"{name}_weight", (features, width), self.weight_filler))
            if self.bias_term:
                weights.append(Weight(f"{name}_bias", (features,), self.bias_filler))
        return weights

    def _saved(self, x: Shape, seen: Shape) -> list[Saved]:
        heads, context = Shape((*seen[:2], x[2])), x
        lengths = (x[1], seen[1])
        match = Shape((x[0], self.num_heads, *lengths))
        saved = [Saved("q", x), Saved("k", heads), Saved("v", heads), Saved("context", context)]
        saved += [Saved("probability", match), Saved("dmatch", match)]
        saved += [Saved("dq", x), Saved("dk", heads), Saved("dv", heads), Saved("dcontext", x)]
        if self.causal:
            hidden = np.triu(np.full(lengths, -np.inf, np.float32), 1)
            saved.append(Saved("hidden", lengths, first=hidden))
        return saved

    def _heads(self, x: Array) -> Array:
        """View (N, T, D) as (N, heads, T, D / heads)."""
        return x.reshape(*x.shape[:2], self.num_heads, -1).transpose(0, 2, 1, 3)

    def _scale(self, q: Array) -> float:
        return 1 / math.sqrt(q.shape[2] // self.num_heads)

    def forward(
        self,
        ops: Ops,
        x: Array,
        memory: Array | None,
        y: Array,
        query_weight: Array,
        key_weight: Array,
        value_weight: Array,
        output_weight: Array,
        q: Array,
        k: Array,
        v: Array,
        probability: Array,
        context: Array,
        query_bias: Array | None = None,
        key_bias: Array | None = None,
        value_bias: Array | None = None,
        output_bias: Array | None = None,
        hidden: Array | None = None,
    ) -> None:
        seen = x if memory is None else memory
        _project(ops, x, query_weight, query_bias, q)
        _project(ops, seen, key_weight, key_bias, k)
        _project(ops, seen, value_weight, value_bias, v)
        ops.gemm(self._heads(q), self._heads(k), trans_b=True, out=probability)
        mask = {} if hidden is None else dict(hidden=hidden)
        text = "match * scale" + " + hidden" * self.causal
        ops.map(text, match=probability, scale=self._scale(q), **mask, out=probability)
        ops.softmax(probability, -1, out=probability)
        ops.gemm(probability, self._heads(v), out=self._heads(context))
        _project(ops, context, output_weight, output_bias, y)

    def backward(
        self,
        ops: Ops,
        x: Array,
        memory: Array | None,
        dy: Array,
        query_weight: Array,
        key_weight: Array,
        value_weight: Array,
        output_weight: Array,
        q: Array,
        k: Array,
        v: Array,
        probability: Array,
        context: Array,
        dmatch: Array,
        dq: Array,
        dk: Array,
        dv: Array,
        dcontext: Array,
        grad: Grad,
    ) -> None:
        seen = x if memory is None else memory
        _learn(ops, context, dy, grad.output_weight, grad.output_bias)
        ops.gemm(_rows(dy), output_weight, out=_rows(dcontext))
        error = self._heads(dcontext)
        ops.gemm(probability, error, trans_a=True, out=self._heads(dv))
        ops.gemm(error, self._heads(v), trans_b=True, out=dmatch)
        ops.softmax_grad(probability, dmatch, -1, out=dmatch)
        ops.map("d * scale", d=dmatch, scale=self._scale(q), out=dmatch)
        ops.gemm(dmatch, self._heads(k), out=self._heads(dq))
        ops.gemm(dmatch, self._heads(q), trans_a=True, out=self._heads(dk))
        _learn(ops, x, dq, grad.query_weight, grad.query_bias)
        _learn(ops, seen, dk, grad.key_weight, grad.key_bias)
        _learn(ops, seen, dv, grad.value_weight, grad.value_bias)
        into_seen = grad.x if memory is None else grad.memory
        if grad.x is not None:
            ops.gemm(_rows(dq), query_weight, out=_rows(grad.x))
        if into_seen is not None:
            target = "out" if memory is not None else "add_to"
            ops.gemm(_rows(dk), key_weight, **{target: _rows(into_seen)})
            ops.gemm(_rows(dv), value_weight, add_to=_rows(into_seen))


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[2])


def _project(ops: Ops, x: Array, weight: Array, bias: Array | None, y: Array) -> None:
    ops.gemm(_rows(x), weight, trans_b=True, bias=bias, out=_rows(y))


def _learn(ops: Ops, x: Array, dy: Array, weight: Array | None, bias: Array | None) -> None:
    """Add to the gradients of a projection."""
    if weight is not None:
        ops.gemm(_rows(dy), _rows(x), trans_a=True, add_to=weight)
    if bias is not None:
        ops.sum(_rows(dy), (0,), add_to=bias)

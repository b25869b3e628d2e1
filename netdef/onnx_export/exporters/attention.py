"""Attention of several heads."""

import numpy as np

from netdef.onnx_export.part import Part, exports


@exports("Attention")
def attention(part: Part) -> None:
    """Softmax of scaled products of queries and keys, times values; each a projection."""
    heads, features = part.layer.num_heads, part.x_shape[2]
    seen = len(part.bottoms) - 1
    q = _heads(part, "query", 0)
    k, v = _heads(part, "key", seen), _heads(part, "value", seen)
    match = part.add("MatMul", q, part.add("Transpose", k, perm=[0, 1, 3, 2]))
    match = part.add("Mul", match, 1 / (features // heads) ** 0.5)
    if part.layer.causal:
        match = part.add("Add", match, part.tables["hidden"])
    context = part.add("MatMul", part.add("Softmax", match, axis=-1), v)
    context = part.add("Transpose", context, perm=[0, 2, 1, 3])
    _project(part, "output", part.reshape(context, (0, 0, features)), to=part.y)


def _heads(part: Part, name: str, bottom: int) -> str:
    """Project a bottom, and part its features among the heads: (N, heads, T, D / heads)."""
    projected = _project(part, name, part.bottoms[bottom])
    parted = part.reshape(
        projected, (0, 0, part.layer.num_heads, part.x_shape[2] // part.layer.num_heads)
    )
    return part.add("Transpose", parted, perm=[0, 2, 1, 3])


def _project(part: Part, name: str, value: str, to: str | None = None) -> str:
    weight = np.ascontiguousarray(part.weights[f"{name}_weight"].T)
    if not part.layer.bias_term:
        return part.add("MatMul", value, weight, to=to)
    product = part.add("MatMul", value, weight)
    return part.add("Add", product, part.weights[f"{name}_bias"], to=to)

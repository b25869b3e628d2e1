"""The operation graphs of matrix products, from shapes alone.

cuDNN's own product runs on tensor cores alone. A convolution with windows of one pixel is a
product too, and has plans that keep float32 as it is; which of its three forms it is, the
transpositions say.
"""

from netdef.engines.cudnn import convolution_graphs
from netdef.engines.cudnn.convolution_graphs import Finish, Geometry
from netdef.engines.cudnn.operation_graph import Draft, Ints, Operand, OperationGraph, dense_strides
from netdef.window import Window

_PIXEL = Window((1, 1), (1, 1), (0, 0), (1, 1))


def product(
    a: Ints,
    b: Ints,
    out: Ints,
    trans_a: bool,
    trans_b: bool,
    dtype: str,
    bias: bool,
    tf32: bool,
) -> OperationGraph:
    """Multiply matrices; the axes before the last two number them."""
    draft = Draft("gemm", tf32)
    axes = max(3, len(out))
    reads = {
        "A": draft.read(_matrix("a", a, trans_a, axes, dtype)),
        "B": draft.read(_matrix("b", b, trans_b, axes, dtype)),
    }
    made = draft.step("matmul", "products" if bias else "out", reads)
    if bias:
        row = draft.read(_matrix("bias", (1, out[-1]), False, axes, dtype))
        draft.step("add", "out", {"a": made, "b": row})
    return draft.write(_matrix("out", out, False, axes, dtype))


def _matrix(name: str, shape: Ints, is_transposed: bool, axes: int, dtype: str) -> Operand:
    dims = (1,) * (axes - len(shape)) + shape
    strides = dense_strides(dims, False)
    if is_transposed:
        dims, strides = ((*t[:-2], t[-1], t[-2]) for t in (dims, strides))
    return Operand(name, dims, strides, dtype)


def as_convolution(
    a: Ints,
    b: Ints,
    out: Ints,
    trans_a: bool,
    trans_b: bool,
    dtype: str,
    bias: bool,
    tf32: bool,
) -> tuple[OperationGraph, dict[str, str]] | None:
    """Return the product as a convolution, and which of its operands a and b are.

    None if there is no such form. A bias is added only if a is not transposed and b is.
    """
    if len(out) != 2 or (trans_a and trans_b):
        return None
    if trans_b:
        shape = _geometry(a, b, out, dtype, tf32)
        return convolution_graphs.forward(shape, Finish(bias=bias)), {"a": "x", "b": "weight"}
    if trans_a:
        shape = _geometry(b, out, a, dtype, tf32)
        return convolution_graphs.grad_weight(shape), {"a": "dy", "b": "x"}
    return convolution_graphs.grad_x(_geometry(out, b, a, dtype, tf32)), {"a": "dy", "b": "weight"}


def _geometry(x: Ints, weight: Ints, y: Ints, dtype: str, tf32: bool) -> Geometry:
    x, weight, y = ((*shape, 1, 1) for shape in (x, weight, y))
    return Geometry(x, weight, y, _PIXEL, dtype, False, tf32)

"""Sums, products and scales of blobs."""

from functools import reduce

from netdef.onnx_export.body import Array
from netdef.onnx_export.part import Operand, Part, exports


@exports("Eltwise")
def eltwise(part: Part) -> None:
    """A sum with coefficients, a product or a maximum."""
    layer = part.layer
    if layer.operation == "MAX":
        part.add("Max", *part.bottoms, to=part.y)
        return
    operator, terms = "Mul", list(part.bottoms)
    if layer.operation == "SUM":
        operator = "Add"
        coeffs = layer.coeff or (1,) * len(terms)
        pairs = zip(terms, coeffs, strict=True)
        terms = [t if c == 1 else part.add("Mul", t, float(c)) for t, c in pairs]
    whole = reduce(lambda a, b: part.add(operator, a, b), terms[:-1])
    part.add(operator, whole, terms[-1], to=part.y)


@exports("Scale")
def scale(part: Part) -> None:
    """``x * scale + bias``, each widened over the other axes."""
    factor = _small(part)
    if not part.layer.bias_term:
        part.add("Mul", part.x, factor, to=part.y)
        return
    product = part.add("Mul", part.x, factor)
    part.add("Add", product, _widened(part, part.weights["bias"]), to=part.y)


@exports("Bias")
def bias(part: Part) -> None:
    """``x + bias``, widened over the other axes."""
    part.add("Add", part.x, _small(part), to=part.y)


def _small(part: Part) -> Operand:
    """Return the second bottom or the weight, so that it broadcasts over x."""
    if len(part.bottoms) == 1:
        return _widened(part, part.weights["weight"])
    shape = part.bottom_shapes[1]
    behind = _axes_behind(part, len(shape))
    if not (shape and behind):
        return part.bottoms[1]
    return part.add("Unsqueeze", part.bottoms[1], range(len(shape), len(shape) + behind))


def _widened(part: Part, small: Array) -> Array:
    behind = _axes_behind(part, small.ndim)
    return small.reshape(*small.shape, *(1,) * behind) if behind else small


def _axes_behind(part: Part, axes: int) -> int:
    """Return how many axes of x lie behind a small blob's."""
    return len(part.x_shape) - part.x_shape.axis(part.layer.axis) - axes if axes else 0


@exports("Axpy")
def axpy(part: Part) -> None:
    """``a x + y``, a number of ``a`` for each channel."""
    a, x, y = part.bottoms
    wide = (*part.bottom_shapes[1][:2], *(1,) * (len(part.bottom_shapes[1]) - 2))
    if part.bottom_shapes[0] != wide:
        a = part.reshape(a, wide)
    part.add("Add", part.add("Mul", a, x), y, to=part.y)


@exports("InnerProduct")
def inner_product(part: Part) -> None:
    """A matrix product: Gemm, with the axes of x brought to two."""
    layer, weight = part.layer, part.weights["weight"]
    samples, inputs = part.x_shape.split(part.x_shape.axis(layer.axis))
    rows, is_plain = part.x, len(samples) == len(inputs) == 1
    if not is_plain and len(samples) == 1:
        rows = part.add("Flatten", part.x, axis=1)
    elif not is_plain:
        rows = part.reshape(part.x, (samples.size, inputs.size))
    operands = [weight, part.weights["bias"]] if layer.bias_term else [weight]
    target = part.y if len(samples) == 1 else None
    product = part.add("Gemm", rows, *operands, to=target, transB=int(not layer.transpose))
    if target is None:
        part.reshape(product, part.y_shape, to=part.y)


@exports("Reduction")
def reduction(part: Part) -> None:
    """A sum or mean over the last axes, times a coefficient."""
    layer, value = part.layer, part.x
    kinds = {"SUM": "ReduceSum", "MEAN": "ReduceMean", "ASUM": "ReduceSum", "SUMSQ": "ReduceSum"}
    if layer.operation == "ASUM":
        value = part.add("Abs", value)
    if layer.operation == "SUMSQ":
        value = part.add("Mul", value, value)
    axes = range(len(part.y_shape), len(part.x_shape))
    is_plain = layer.coeff == 1
    whole = part.reduce(
        kinds[layer.operation], value, axes, keeps_axes=False, to=part.y if is_plain else None
    )
    if not is_plain:
        part.add("Mul", whole, float(layer.coeff), to=part.y)


@exports("Parameter")
def parameter(part: Part) -> None:
    """A constant."""
    part.add("Identity", part.weights["weight"], to=part.y)


@exports("Embed")
def embed(part: Part) -> None:
    """Rows of a table, and a bias."""
    places = part.cast(part.x, "int64")
    if not part.layer.bias_term:
        part.add("Gather", part.weights["weight"], places, to=part.y, axis=0)
        return
    rows = part.add("Gather", part.weights["weight"], places, axis=0)
    part.add("Add", rows, part.weights["bias"], to=part.y)

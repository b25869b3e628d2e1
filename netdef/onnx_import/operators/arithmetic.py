"""Sums, products and what is made of them."""

from collections.abc import Callable
from functools import reduce

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Array, Blob
from netdef.onnx_import.operation import Operation, imports
from netdef.shape import Shape


@imports("Add", "Sum")
def add(op: Operation) -> Blob:
    """A sum of blobs and constants."""
    return _of_two(op, lambda i: _shifted(op, op.blob(1 - i), op.constant(i)), "SUM")


@imports("Mul")
def mul(op: Operation) -> Blob:
    """A product of blobs and constants."""
    return _of_two(op, lambda i: _scaled(op, op.blob(1 - i), op.constant(i)), "PROD")


@imports("Sub")
def sub(op: Operation) -> Blob:
    """A difference of blobs and constants."""
    if op.is_constant(1):
        return _shifted(op, op.x, -op.constant(1))
    if op.is_constant(0):
        negative = op.layer("Power", op.blob(1), power_param={"scale": -1})
        return _shifted(op, negative, op.constant(0))
    if op.x.shape == op.blob(1).shape:
        return op.layer("Eltwise", op.x, op.blob(1), eltwise_param={"coeff": [1, -1]})
    negative = op.layer("Power", op.blob(1), power_param={"scale": -1})
    return _combined(op, op.x, negative, "SUM")


@imports("Div")
def div(op: Operation) -> Blob:
    """A quotient of blobs and constants."""
    if op.is_constant(1):
        return _scaled(op, op.x, 1 / op.constant(1))
    inverse = op.layer("Power", op.blob(1), power_param={"power": -1})
    if op.is_constant(0):
        return _scaled(op, inverse, op.constant(0))
    return _combined(op, op.x, inverse, "PROD")


@imports("Pow")
def pow_(op: Operation) -> Blob:
    """A power that is known.

    Raises:
        ConfigError: there are several.
    """
    power = op.constant(1)
    if power.size != 1:
        raise ConfigError(f"its exponents {power.shape} are not one number, as Power's is")
    return op.layer("Power", power_param={"power": float(power.reshape(()))})


@imports("Max", "Mean")
def of_several(op: Operation) -> Blob:
    """The largest or the mean of blobs of one shape."""
    blobs = [op.blob(i) for i in range(len(op.inputs))]
    if len(blobs) == 1:
        return blobs[0]
    if op.kind == "Max":
        return op.layer("Eltwise", *blobs, eltwise_param={"operation": "MAX"})
    return op.layer("Eltwise", *blobs, eltwise_param={"coeff": [1 / len(blobs)] * len(blobs)})


def _of_two(op: Operation, with_constant: Callable[[int], Blob], operation: str) -> Blob:
    """Combine inputs: two of which one may be a constant, or several blobs of one shape."""
    for i in range(len(op.inputs)):
        if op.is_constant(i) and len(op.inputs) == 2:
            return with_constant(i)
    blobs = [op.blob(i) for i in range(len(op.inputs))]
    if all(b.shape == blobs[0].shape for b in blobs) and len(blobs) > 1:
        return op.layer("Eltwise", *blobs, eltwise_param={"operation": operation})
    return reduce(lambda a, b: _combined(op, a, b, operation), blobs)


def _combined(op: Operation, a: Blob, b: Blob, operation: str) -> Blob:
    """Combine blobs, one of which may have one number for some first axes of the other.

    Raises:
        ConfigError: they broadcast in another way.
    """
    if a.shape == b.shape:
        return op.layer("Eltwise", a, b, eltwise_param={"operation": operation})
    big, small = (a, b) if a.shape.size >= b.shape.size else (b, a)
    wide = Shape((*(1,) * (len(big.shape) - len(small.shape)), *small.shape))
    run = next((i for i, (s, t) in enumerate(zip(wide, big.shape, strict=True)) if s != t), 0)
    if any(n != 1 for n in wide[run:]) or run == 0:
        raise ConfigError(f"combines the shapes {a.shape} and {b.shape}, which no layer does")
    factor = op.reshaped(small, big.shape[:run])
    if operation == "PROD":
        return op.layer("Scale", big, factor, scale_param={"axis": 0})
    return op.layer("Bias", big, factor, bias_param={"axis": 0})


def _scaled(op: Operation, x: Blob, factor: Array) -> Blob:
    """Multiply a blob by a constant: one number by Power, others by Scale."""
    if factor.size == 1:
        return op.layer("Power", x, power_param={"scale": float(factor.reshape(()))})
    axis, values = _run(x, factor)
    fields = {"axis": axis, "num_axes": values.ndim}
    return op.layer("Scale", x, weights=[values], scale_param=fields)


def _shifted(op: Operation, x: Blob, term: Array) -> Blob:
    """Add a constant: one number by Power; others to the layer that makes x, or by Bias."""
    if term.size == 1 and x.shape.size != 1:
        return op.layer("Power", x, power_param={"shift": float(term.reshape(()))})
    axis, values = _run(x, term)
    if _taken_in(op, x, axis, values):
        return x
    fields = {"axis": axis, "num_axes": values.ndim}
    return op.layer("Bias", x, weights=[values], bias_param=fields)


def _run(x: Blob, values: Array) -> tuple[int, Array]:
    """Return the axis from which on a constant lies along x, and it along those axes.

    Raises:
        ConfigError: it makes x larger.
    """
    wide = values.reshape((1,) * (len(x.shape) - values.ndim) + values.shape)
    if len(wide.shape) != len(x.shape) or np.broadcast_shapes(wide.shape, x.shape) != x.shape:
        raise ConfigError(f"makes {x.shape} larger by a constant {values.shape}, as no layer does")
    long = [i for i, n in enumerate(wide.shape) if n != 1] or [len(x.shape) - 1]
    first, end = long[0], long[-1] + 1
    inner = wide.reshape(wide.shape[first:end])
    return first, np.broadcast_to(inner, x.shape[first:end])


_BIAS_AXES = {
    "Convolution": ("convolution_param", 1),
    "Deconvolution": ("convolution_param", 1),
    "InnerProduct": ("inner_product_param", -1),
    "Scale": ("scale_param", 1),
}
"""The block of a layer that can have a bias, and the axis of x that it lies along."""


def _taken_in(op: Operation, x: Blob, axis: int, values: Array) -> bool:
    """Make a constant the bias of the layer that makes x, if that has none and no other reads x."""
    layer = op.builder.layer_of(x)
    place = next(i for i, v in enumerate(op.inputs) if isinstance(v, Blob))
    if layer.type not in _BIAS_AXES or not op.is_single[place]:
        return False
    block, bias_axis = _BIAS_AXES[layer.type]
    fields = getattr(layer, block)
    if fields.bias_term or len(layer.bottom) > 1:
        return False
    if layer.type == "Scale":
        is_along = axis == fields.axis and values.shape == op.builder.blobs[layer.name][0].shape
    else:
        is_along = axis == bias_axis % len(x.shape) and values.ndim == 1
    if not is_along:
        return False
    fields.bias_term = True
    op.builder.blobs[layer.name].append(np.ascontiguousarray(values))
    return True

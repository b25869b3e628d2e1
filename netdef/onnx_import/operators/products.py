"""Matrix products."""

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Array, Blob
from netdef.onnx_import.operation import Operation, imports


@imports("Gemm")
def gemm(op: Operation) -> Blob:
    """An InnerProduct.

    Raises:
        ConfigError: the first matrix is turned.
    """
    op.only(transA=0)
    weight = op.constant(1) * np.float32(op.attributes.get("alpha", 1.0))
    weight = weight if op.attributes.get("transB", 0) else weight.T
    bias = None
    if op.has(2):
        scaled = op.constant(2) * np.float32(op.attributes.get("beta", 1.0))
        if scaled.ndim == 2 and scaled.shape[0] != 1:
            raise ConfigError(f"its third input {scaled.shape} is not one number for each output")
        bias = np.broadcast_to(scaled.reshape(-1), weight.shape[:1])
    return _inner_product(op, weight, bias, axis=1)


@imports("MatMul")
def mat_mul(op: Operation) -> Blob:
    """An InnerProduct along the last axis.

    Raises:
        ConfigError: both are blobs, or the matrix is the first.
    """
    if not op.is_constant(1) or op.constant(1).ndim != 2:
        raise ConfigError("is a product of two blobs, or of several matrices, which no layer is")
    return _inner_product(op, op.constant(1).T, None, axis=len(op.x.shape) - 1)


def _inner_product(op: Operation, weight: Array, bias: Array | None, axis: int) -> Blob:
    fields = {"num_output": weight.shape[0], "bias_term": bias is not None}
    if axis != 1:
        fields["axis"] = axis
    weights = [weight] if bias is None else [weight, bias]
    return op.layer("InnerProduct", weights=weights, inner_product_param=fields)

"""What a graph computes from constants: shapes, mostly."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Array

_RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli")


def folded(onnx: Any, node: Any, given: Sequence[Array | None], opset: int) -> list[Array]:
    """Return what a node makes of constants, by ONNX's reference of its operators.

    Raises:
        ConfigError: it is random, or cannot be computed.
    """
    from onnx.reference import ReferenceEvaluator

    if node.op_type in _RANDOM:
        raise ConfigError("is random, which no layer of a deployed net is")
    inputs = {n: v for n, v in zip(node.input, given, strict=True) if n and v is not None}
    kinds = {n: onnx.helper.np_dtype_to_tensor_dtype(v.dtype) for n, v in inputs.items()}
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node],
        "folded",
        [info(name, kind, None) for name, kind in kinds.items()],
        [info(name, onnx.TensorProto.UNDEFINED, None) for name in node.output if name],
    )
    versions = [onnx.helper.make_opsetid("", opset)]
    try:
        made = ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=versions)).run(
            None, inputs
        )
    except Exception as error:  # anything can go wrong in a node that is wrong
        raise ConfigError(f"cannot be computed from constants ({error})") from error
    return [np.asarray(m, np.float32) if np.asarray(m).dtype.kind == "f" else np.asarray(m)
            for m in made]  # fmt: skip

"""ONNX models of a few nodes, and what becomes of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from netdef.net import Net
from netdef.onnx_import.building import built, differences
from netdef.onnx_import.reading import read_onnx
from netdef.onnx_run import worst


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype("f")


def save(
    path: Path,
    nodes: Sequence[Any],
    shape: Sequence[int | str | None],
    constants: dict[str, np.ndarray] | None = None,
    output: str = "y",
    opset: int = 17,
    kind: int = onnx.TensorProto.FLOAT,
    more: dict[str, Sequence[int]] | None = None,
) -> Path:
    """Write a model of one input ``x``, and of those in ``more``."""
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [info("x", kind, shape), *(info(n, onnx.TensorProto.FLOAT, s) for n, s in
                                   (more or {}).items())],
        [info(output, onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in (constants or {}).items()],
    )  # fmt: skip
    # checked by hand: an output of unknown rank is none to the checker
    graph.output[0].type.tensor_type.ClearField("shape")
    version = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=version, ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(model)
    if not inferred.graph.output[0].type.tensor_type.HasField("shape"):
        inferred.graph.output[0].type.tensor_type.shape.dim.add()
    onnx.save(inferred, path)
    return path


def imported(path: Path, **shapes: tuple[int, ...]) -> tuple[Net, float]:
    """Return the net, and the largest difference from the model."""
    found = read_onnx(path, shapes)
    net = built(found, path)
    return net, worst(differences(net, found.content)).relative


def types(net: Net) -> list[str]:
    return [layer.type for layer in net.text.net.layer if layer.type != "Input"]

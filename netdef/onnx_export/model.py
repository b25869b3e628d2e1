"""The ONNX model of a net."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from netdef.errors import ConfigError, RunError, ShapeError
from netdef.net import Net
from netdef.onnx_export.body import Body, Operator, Port
from netdef.onnx_export.dynamic_batch import BATCH, merge, other_inputs
from netdef.onnx_export.writing import write
from netdef.onnx_package import import_onnx

if TYPE_CHECKING:
    import onnx

OPSETS = range(14, 23)
"""The versions of ONNX's operators that can be written."""

LARGEST = 2**31 - 1


def export(
    net: Net,
    opset: int = 17,
    is_batch_dynamic: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> "onnx.ModelProto":
    """Return a deployed net (see ``as_deployed``) as an ONNX model.

    Inputs and outputs are called as the net's. What recurrent layers keep from pass to pass
    are more inputs, which begin as zeros, and more outputs.

    Raises:
        ConfigError: ONNX cannot say a layer; which, and why.
        DeviceError: the onnx package is not there; how to get it.
        RunError: the model would be larger than the 2 GiB of a file.
    """
    package = import_onnx()
    body = write(net, opset)
    if is_batch_dynamic:
        try:
            other = write(net, opset, other_inputs(body.inputs))
        except ShapeError as error:
            raise ConfigError(
                f"it is bound to the number of items ({error}); export without --dynamic-batch"
            ) from error
        body = merge(body, other)
    size = sum(values.nbytes for values in body.constants.values())
    if size > LARGEST:
        raise RunError(f"its weights have {size} bytes; an ONNX file holds {LARGEST}")
    graph = _graph(package, body, net.name or "net")
    versions = [package.helper.make_opsetid("", opset)]
    model: onnx.ModelProto = package.helper.make_model(
        graph,
        opset_imports=versions,
        ir_version=package.helper.find_min_ir_version_for(versions),
        producer_name="netdef",
    )
    package.helper.set_model_props(model, dict(metadata or {}))
    package.checker.check_model(model)
    return model


def _graph(onnx: Any, body: Body, name: str) -> Any:
    befores = [Port(s.before, s.shape) for s in body.states]
    afters = [Port(s.after, s.shape) for s in body.states]
    zeros = {s.before: np.zeros(s.shape, np.float32) for s in body.states}
    return onnx.helper.make_graph(
        [_node(onnx, operator) for operator in body.operators],
        name,
        [_port(onnx, p) for p in (*body.inputs, *befores)],
        [_port(onnx, p) for p in (*body.outputs, *afters)],
        [onnx.numpy_helper.from_array(v, n) for n, v in (body.constants | zeros).items()],
    )


def _node(onnx: Any, operator: Operator) -> Any:
    given = {
        name: _inner_graph(onnx, value, operator.name) if isinstance(value, Body) else value
        for name, value in operator.attributes.items()
    }
    return onnx.helper.make_node(
        operator.kind, operator.inputs, operator.outputs, operator.name, **given
    )


def _inner_graph(onnx: Any, body: Body, name: str) -> Any:
    """Return the graph that an operator runs; it sees the constants of the one around it."""
    return onnx.helper.make_graph(
        [_node(onnx, operator) for operator in body.operators],
        f"{name} step",
        [_port(onnx, p) for p in body.inputs],
        [_port(onnx, p) for p in body.outputs],
    )


def _port(onnx: Any, port: Port) -> Any:
    lengths = [BATCH if n == -1 else n for n in port.shape]
    return onnx.helper.make_tensor_value_info(port.name, onnx.TensorProto.FLOAT, lengths)

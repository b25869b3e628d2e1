"""A net exported and run in ONNX Runtime."""

from typing import Any

import numpy as np

from netdef.net import Net
from netdef.onnx_export.checking import differences, drawn
from netdef.onnx_export.deploying import as_deployed
from netdef.onnx_export.model import export
from netdef.onnx_run import Session, worst
from netdef.proto import TEST
from netdef.prototxt import NetText, parse_net


def deployed_net(text: str | NetText, phase: int = TEST, seed: int = 1) -> Net:
    """Return a net with weights drawn at random, such that its numbers neither die nor grow."""
    parsed = parse_net(text, "net.prototxt") if isinstance(text, str) else text
    net = Net(as_deployed(parsed, phase), phase, keep="outputs")
    draw_weights(net, seed)
    return net


def draw_weights(net: Net, seed: int = 1) -> None:
    rng = np.random.default_rng(seed)
    for layer, params in net.shapes.params.items():
        for i, param in enumerate(params):
            values = net.params[layer][i].data
            values[...] = _drawn(param.weight.name, values.shape, rng)


def _drawn(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if name == "factor":
        return np.full(shape, 0.7)
    if "variance" in name:
        return rng.uniform(0.5, 2, shape)
    if len(shape) > 1:
        return rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
    if name in ("weight", "scale", "slope"):
        return rng.uniform(0.5, 1.5, shape)
    return rng.standard_normal(shape) * 0.1


def difference(net: Net, opset: int = 17) -> float:
    """Return the largest difference, in parts of the output's largest number."""
    session = Session(export(net, opset).SerializeToString())
    return worst(differences(net, session, [drawn(net)])).relative

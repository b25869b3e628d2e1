"""The operators of a whole net, layer by layer."""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from netdef.errors import ConfigError, ShapeError, at
from netdef.graph import Graph, Node
from netdef.infer import Shapes, infer
from netdef.net import Net
from netdef.onnx_export.body import Array, Body, Port
from netdef.onnx_export.part import EXPORTERS, Part
from netdef.shape import Shape


def write(net: Net, opset: int, inputs: Mapping[str, Shape] | None = None) -> Body:
    """Write the layers of a deployed net as ONNX's operators.

    ``inputs`` gives inputs other shapes than the net's.

    Raises:
        ConfigError: ONNX cannot say a layer; which, and why.
        ShapeError: weights that depend on the inputs' shapes.
    """
    graph = net.graph
    shapes = infer(graph, inputs) if inputs else net.shapes
    body, names, weights = Body(), value_names(graph), _weights(net)
    for owner, values in weights.items():
        body.share(owner, values)
    for node in graph.nodes:
        if node.type == "Input":
            body.inputs += [Port(names[t], shapes.blobs[t]) for t in node.tops]
            continue
        with at(str(node)):
            for part in _parts(node, shapes, body, names, weights, opset):
                _export(node.type, part)
        if any(names[b] in body.varying for b in node.bottoms):
            body.varying.update(names[t] for t in node.tops)
    for name in graph.outputs:
        value = names[graph.blobs[name]]
        shape = shapes.blobs[graph.blobs[name]]
        body.outputs.append(Port(value, (None,) * len(shape) if value in body.varying else shape))
    return body


def value_names(graph: Graph) -> dict[str, str]:
    """Return what each blob is called in ONNX, by its id: the last of a name has that name.

    An input has its name too, and what layers make of it in place the name of the layer
    behind it.
    """
    last = {i: name for name, i in graph.blobs.items() if name not in graph.inputs or i == name}
    filled = set(graph.inputs)
    return {
        top: last.get(top, top if top in filled or "@" in top else f"{top}@{node.name}")
        for node in graph.nodes
        for top in node.tops
    }


def _weights(net: Net) -> dict[str, Array]:
    """Return the numbers of every weight once, by ``layer/index``."""
    return {
        p.key: np.asarray(net.params[layer][i].data)
        for layer, params in net.shapes.params.items()
        for i, p in enumerate(params)
        if p.is_owner
    }


def _parts(
    node: Node,
    shapes: Shapes,
    body: Body,
    names: Mapping[str, str],
    weights: Mapping[str, Array],
    opset: int,
) -> Sequence[Part]:
    """Return the node as one part, or as one for each bottom if they are mapped each."""
    ends = [(node.bottoms, node.tops)]
    if node.layer.maps_each_bottom:
        ends = [((b,), (t,)) for b, t in zip(node.bottoms, node.tops, strict=True)]
    own = {}
    for param in shapes.params[node.name]:
        values = weights[param.owner]
        if values.size != Shape(param.weight.shape).size:
            raise ShapeError(f"its {param.weight.name} would be {Shape(param.weight.shape)}")
        if values.shape != tuple(param.weight.shape):
            values = values.reshape(param.weight.shape)
        own[param.weight.name] = values
    tables = {s.name: s.first for s in shapes.saved[node.name] if isinstance(s.first, np.ndarray)}
    counts: dict[str, int] = {}
    return [
        Part(
            name=node.name,
            layer=node.layer,
            body=body,
            opset=opset,
            bottoms=tuple(names[b] for b in bottoms),
            bottom_shapes=tuple(shapes.blobs[b] for b in bottoms),
            tops=tuple(names[t] for t in tops),
            top_shapes=tuple(shapes.blobs[t] for t in tops),
            weights=own,
            tables=tables,
            counts=counts,
        )
        for bottoms, tops in ends
    ]


def _export(type: str, part: Part) -> None:
    if type not in EXPORTERS:
        raise ConfigError(
            "nothing says this type of layer in ONNX; its package can, by an entry point of the"
            " group netdef.onnx_exporters"
        )
    EXPORTERS[type](part)
    made = set(chain.from_iterable(o.outputs for o in part.body.operators))
    assert made.issuperset(part.tops), f"the exporter of {type} leaves a top out"

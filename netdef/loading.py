"""Putting weights from a file into a net, by the names of the layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from netdef.batch_norm_layouts import Place, converted
from netdef.errors import WeightsError, at
from netdef.graph import Graph
from netdef.io.weights import LayerWeights, read_weights
from netdef.weight_resizing import resized

OnMismatch = Literal["error", "skip", "resize"]
Dims = tuple[int, ...]


@dataclass
class LoadReport:
    """Which layers of the net got weights, which keep theirs, and which of the file fit none.

    ``mismatched`` layers have one name and different shapes, and keep theirs; ``resized`` ones
    got what became of the file's. ``in_file`` and ``in_net`` give the shapes of the weight
    blobs of all these layers.
    """

    loaded: list[str] = field(default_factory=list)
    resized: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    in_file: dict[str, list[Dims]] = field(default_factory=dict)
    in_net: dict[str, list[Dims]] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{len(self.loaded)} layers loaded"]
        for words, names in (
            ("resized", self.resized),
            ("of other shapes", self.mismatched),
            ("not in the file", self.kept),
            ("not in the net", self.ignored),
        ):
            if names:
                parts.append(f"{len(names)} {words} ({', '.join(names)})")
        return "; ".join(parts)


def match(
    path: str,
    params: Mapping[str, Sequence[Any]],
    graph: Graph,
    on_mismatch: OnMismatch = "error",
) -> tuple[dict[str, list[Any]], LoadReport]:
    """Read weights and return those that belong to layers of ``params``, in their shapes.

    ``params`` gives each layer's blobs, of which only the shape is looked at unless weights
    are resized. Blobs of the four axes that Caffe once had (1, 1, N, K) fit the shapes of
    today (N, K). A blob that the file leaves to another layer, which shares it, is None. Batch
    normalizations may have any fork's layout: see ``netdef.batch_norm_layouts``.

    With ``on_mismatch="skip"`` layers whose blobs do not fit are left as they are, with
    ``"resize"`` they get the file's in their own shapes: see ``netdef.weight_resizing``.

    Raises:
        WeightsError: a blob does not fit or cannot be resized, or no layer of the file is in
            the net.
    """
    report, found = LoadReport(), {}
    held = read_weights(path)
    with at(path):
        held = converted(held, _batch_norms(graph, params), params)
    for name, layer in held.items():
        if name not in params:
            if layer.blobs:
                report.ignored.append(name)
            continue
        with at(f"{path}: layer {name!r}"):
            shapes = [tuple(b.shape) for b in params[name]]
            if on_mismatch == "error" or not _mismatch(layer, shapes):
                found[name] = _fitting(layer, shapes)
                report.loaded.append(name)
            elif on_mismatch == "resize":
                found[name] = _resized(layer, params[name])
                report.resized.append(name)
            else:
                report.mismatched.append(name)
    report.kept = [n for n in params if n not in found and n not in report.mismatched]
    report.in_file = {n: [tuple(b.shape) for b in one.blobs] for n, one in held.items()}
    report.in_net = {n: [tuple(b.shape) for b in blobs] for n, blobs in params.items()}
    if report.mismatched and not found:
        raise WeightsError(
            f"{path}: no layer has the shapes of one in this net; {_few(report.mismatched)} have"
            " its names, but other shapes"
        )
    if not found and params:
        raise WeightsError(
            f"{path}: no layer has the name of one with weights in this net; the file has"
            f" {_few(report.ignored)}, the net {_few(report.kept)}"
        )
    return found, report


def _batch_norms(graph: Graph, params: Mapping[str, Sequence[Any]]) -> list[Place]:
    scales = {
        node.bottoms: node.name
        for node in graph.nodes
        if node.type == "Scale" and len(params.get(node.name, ())) == 2
    }
    places = []
    for node in graph.nodes:
        blobs = len(params.get(node.name, ()))
        if node.type in ("BatchNorm", "BN") and blobs > 2:
            eps: float = getattr(node.layer, "eps")  # noqa: B009
            places.append(Place(node.name, node.type, blobs, eps, scales.get(node.tops)))
    return places


def _fitting(layer: LayerWeights, shapes: Sequence[Dims]) -> list[Any]:
    mismatch = _mismatch(layer, shapes)
    if mismatch:
        raise WeightsError(f"{mismatch}; rename the layer to start it afresh")
    pairs = zip(layer.blobs, shapes, strict=True)
    return [None if _is_left_out(b, s) else np.reshape(b, s) for b, s in pairs]


def _mismatch(layer: LayerWeights, shapes: Sequence[Dims]) -> str:
    """Return in words what does not fit, or nothing."""
    if len(layer.blobs) != len(shapes):
        return f"has {len(layer.blobs)} weight blobs, the net's layer of that name {len(shapes)}"
    for i, (blob, shape) in enumerate(zip(layer.blobs, shapes, strict=True)):
        is_fitting = blob.shape == shape or is_same_in_four_axes(blob.shape, shape)
        if not is_fitting and not _is_left_out(blob, shape):
            return f"blob {i} has the shape {blob.shape}, in the net {shape}"
    return ""


def _resized(layer: LayerWeights, params: Sequence[Any]) -> list[Any]:
    shapes = [tuple(p.shape) for p in params]
    if len(layer.blobs) != len(params):
        return _fitting(layer, shapes)  # which says why it cannot be
    return [
        None if _is_left_out(blob, p.shape) else resized(_without_ones(blob, p.shape), p.data)
        for blob, p in zip(layer.blobs, params, strict=True)
    ]


def _without_ones(blob: Any, shape: Dims) -> Any:
    """Return a blob of Caffe's four axes, (1, 1, N, K), in as many as the shape has."""
    leading = blob.shape[: max(0, blob.ndim - len(shape))]
    is_old = blob.ndim == 4 and set(leading) == {1}
    return blob.reshape(blob.shape[len(leading) :]) if is_old else blob


def _is_left_out(blob: Any, shape: tuple[int, ...]) -> bool:
    """Say whether the file has no numbers for this blob: HDF5 gives shared ones to one layer."""
    return blob.size == 0 and 0 not in shape


def is_same_in_four_axes(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Say whether four axes of old, (1, 1, N, K), stand for today's (N, K)."""
    return len(old) == 4 and len(new) < 4 and (1,) * (4 - len(new)) + new == old


def _few(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "") or "none"

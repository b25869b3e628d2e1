"""The places in a net that modules of a state dict fill."""

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from netdef.errors import WeightsError
from netdef.graph import Graph, Node
from netdef.infer import Shapes

Array = NDArray[Any]


@dataclass(frozen=True)
class Module:
    """What a state dict calls ``name.weight``, ``name.bias`` and so on."""

    name: str
    tensors: dict[str, Array]

    def __str__(self) -> str:
        return " ".join(f"{name} {tuple(t.shape)}" for name, t in self.tensors.items())

    @property
    def kind(self) -> str:
        """What it is, as far as its tensors tell: see ``Slot.kind``."""
        if "running_mean" in self.tensors:
            return "norm"
        axes = self.tensors["weight"].ndim if "weight" in self.tensors else 0
        return {2: "matrix"}.get(axes, "images" if axes > 2 else "vector")


@dataclass(frozen=True)
class Slot:
    """A layer of the net, or a normalization and the Scale behind it: one module's place.

    Modules are counted by ``kind``, images (convolutions), matrix, norm or vector: a norm may
    be written before or behind its convolution. ``blobs`` says, for each weight blob, its
    layer, its number there, what a module calls it ("": a factor of 1), and its shape.
    """

    kind: str
    name: str
    blobs: tuple[tuple[str, int, str, tuple[int, ...]], ...]

    def __str__(self) -> str:
        return " ".join(f"{tensor} {shape}" for _, _, tensor, shape in self.blobs if tensor)

    def fits(self, module: Module) -> bool:
        """Tell whether a module has these tensors, in these sizes and with no others."""
        wanted = {tensor: shape for _, _, tensor, shape in self.blobs if tensor}
        return set(wanted) == set(module.tensors) and all(
            _is_alike(module.tensors[name].shape, shape) for name, shape in wanted.items()
        )


def slots_of(graph: Graph, shapes: Shapes) -> list[Slot]:
    """Return the places of a net, in the order of its layers.

    Raises:
        WeightsError: a layer has weights that no module holds in that form.
    """
    slots = []
    scaled: set[str] = set()
    for node in graph.nodes:
        params = [p for p in shapes.params[node.name] if p.is_owner]
        if not params or node.name in scaled:
            continue
        names = _TENSORS.get(node.type)
        if not names:
            raise WeightsError(
                f"layer {node.name!r} ({node.type}) has weights that no state dict holds so"
            )
        blobs = [(node.name, i, names[i], tuple(p.weight.shape)) for i, p in enumerate(params)]
        scale = _scale_behind(graph, node) if node.type == "BatchNorm" else None
        if scale:
            scaled.add(scale.name)
            blobs += [
                (scale.name, i, _TENSORS["Scale"][i], tuple(p.weight.shape))
                for i, p in enumerate(shapes.params[scale.name])
            ]
        slots.append(Slot(_KINDS.get(node.type, "vector"), node.name, tuple(blobs)))
    return slots


_NORMALIZED = ("running_mean", "running_var")
_TENSORS: dict[str, tuple[str, ...]] = {
    "BatchNorm": (*_NORMALIZED, "", "weight", "bias"),
    "BN": ("weight", "bias", *_NORMALIZED),
} | dict.fromkeys(
    ("Convolution", "ConvolutionDepthwise", "DepthwiseConvolution", "Deconvolution",
     "InnerProduct", "Embed", "PReLU", "LayerNorm", "GroupNorm", "Scale"),
    ("weight", "bias"),
)  # fmt: skip
"""What a module calls each weight blob of a layer."""

_KINDS = dict.fromkeys(
    ("Convolution", "ConvolutionDepthwise", "DepthwiseConvolution", "Deconvolution"), "images"
) | {"InnerProduct": "matrix", "Embed": "matrix", "BatchNorm": "norm", "BN": "norm"}


def _scale_behind(graph: Graph, norm: Node) -> Node | None:
    readers = (n for n in graph.nodes if norm.tops[0] in n.bottoms and n.type == "Scale")
    return next((n for n in readers if len(n.bottoms) == 1), None)


def _is_alike(held: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Tell whether a tensor has a blob's numbers: a row may lie along any axis, (1, C, 1, 1)."""
    if len(held) <= 1:
        return math.prod(held) == math.prod(wanted)
    return _without_ones_behind(held) == _without_ones_behind(wanted)


def _without_ones_behind(shape: tuple[int, ...]) -> tuple[int, ...]:
    return _without_ones_behind(shape[:-1]) if shape[-1:] == (1,) else shape

"""Weights of another framework's modules, by the layers of a net that they belong to."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError
from netdef.graph import Graph, Node
from netdef.infer import Shapes

Array = NDArray[Any]

_IGNORED = "num_batches_tracked"
_HEADS = ("classifier", "fc", "head")
_SHORTCUTS = ("downsample", "shortcut")


@dataclass(frozen=True)
class Module:
    """What a state dict calls ``name.weight``, ``name.bias`` and so on."""

    name: str
    tensors: dict[str, Array]


@dataclass(frozen=True)
class Slot:
    """A layer of the net, or a normalization and the Scale behind it: one module's place.

    ``blobs`` says, for each weight blob, its layer, its number there, what a module calls it
    ("": a factor of 1), and its shape.
    """

    kind: str
    name: str
    blobs: tuple[tuple[str, int, str, tuple[int, ...]], ...]

    def fits(self, module: Module) -> bool:
        """Tell whether a module has these tensors, in these sizes and with no others."""
        wanted = {tensor: shape for _, _, tensor, shape in self.blobs if tensor}
        return set(wanted) == set(module.tensors) and all(
            _is_alike(module.tensors[name].shape, shape) for name, shape in wanted.items()
        )


@dataclass(frozen=True)
class Assignment:
    """Which module fills each place of a net, how that was found, and tensors left over."""

    pairs: tuple[tuple[Slot, Module], ...]
    how: str
    left_out: tuple[str, ...] = ()

    def blobs(self) -> dict[str, list[Array]]:
        """Return the weights of each layer, as the net has them."""
        found: dict[str, dict[int, Array]] = {}
        for slot, module in self.pairs:
            for layer, number, tensor, shape in slot.blobs:
                values = module.tensors[tensor] if tensor else np.ones(shape)
                filled = np.asarray(values, np.float32).reshape(shape)
                found.setdefault(layer, {})[number] = filled
        return {layer: [b[i] for i in sorted(b)] for layer, b in found.items()}


def assign(graph: Graph, shapes: Shapes, tensors: Mapping[str, Array]) -> Assignment:
    """Find the module of a state dict for every layer with weights.

    By the layers' names if all modules are called so (``/`` and ``.`` are alike); else by
    order: the first convolution of the net is the first of the state dict, and so on for
    matrices and normalizations, each of the same shape. Modules are in the order of their
    names, numbers as numbers, heads last; shortcuts last or first in their block.

    Raises:
        WeightsError: neither fits, or two orders do; the first layer that has no module.
    """
    slots, modules = _slots(graph, shapes), _modules(tensors)
    by_name = {_plain(m.name): m for m in modules}
    if all(_plain(s.name) in by_name for s in slots):
        named = [(slot, by_name[_plain(slot.name)]) for slot in slots]
        for slot, module in named:
            _check(slot, module)
        return _assignment(named, modules, "names")
    found = []
    for order in (_natural, _shortcuts_first):
        pairs = _aligned(slots, sorted(modules, key=lambda m, o=order: o(m.name)))  # type: ignore[misc]
        if all(module and slot.fits(module) for slot, module in pairs):
            found.append([(s, m) for s, m in pairs if m])
    if not found:
        raise _misfit(slots, modules)
    if any(pairs != found[0] for pairs in found):
        raise WeightsError(
            "its modules fit the net in two orders; rename the net's layers as the modules"
        )
    return _assignment(found[0], modules, "order and shapes")


def _assignment(
    pairs: Sequence[tuple[Slot, Module]], modules: Iterable[Module], how: str
) -> Assignment:
    used = {module.name for _, module in pairs}
    left = tuple(f"{m.name}.{t}" for m in modules if m.name not in used for t in m.tensors)
    return Assignment(tuple(pairs), how, left)


def _slots(graph: Graph, shapes: Shapes) -> list[Slot]:
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
        slots.append(Slot(_KINDS.get(node.type, node.type), node.name, tuple(blobs)))
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
"""Modules are counted by kind: a norm may be written before or behind its convolution."""


def _kind(module: Module) -> str:
    if "running_mean" in module.tensors:
        return "norm"
    axes = module.tensors["weight"].ndim if "weight" in module.tensors else 0
    return {2: "matrix"}.get(axes, "images" if axes > 2 else "vector")


def _scale_behind(graph: Graph, norm: Node) -> Node | None:
    readers = (n for n in graph.nodes if norm.tops[0] in n.bottoms and n.type == "Scale")
    return next((n for n in readers if len(n.bottoms) == 1), None)


def _modules(tensors: Mapping[str, Array]) -> list[Module]:
    found: dict[str, dict[str, Array]] = {}
    for name, values in tensors.items():
        module, _, tensor = name.rpartition(".")
        if tensor != _IGNORED:
            found.setdefault(module, {})[tensor] = values
    return [Module(name, own) for name, own in found.items()]


def _aligned(slots: Sequence[Slot], modules: Sequence[Module]) -> list[tuple[Slot, Module | None]]:
    """Pair places with modules of their kind, the first with the first."""
    waiting: dict[str, list[Module]] = {}
    for module in modules:
        waiting.setdefault(_kind(module), []).append(module)
    pairs = []
    for slot in slots:
        kind = slot.kind if slot.kind in ("images", "matrix", "norm") else "vector"
        own = waiting.get(kind, [])
        pairs.append((slot, own.pop(0) if own else None))
    return pairs


def _natural(name: str) -> tuple[Any, ...]:
    """Return a key that puts numbers by size, and what ends a net last."""
    parts = re.split(r"(\d+)", name)
    numbered = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)
    return (name.partition(".")[0] in _HEADS, numbered)


def _shortcuts_first(name: str) -> tuple[Any, ...]:
    for word in _SHORTCUTS:
        name = name.replace(f".{word}", ".")
    return _natural(name)


def _plain(name: str) -> str:
    return re.sub(r"[./-]", "_", name)


def _is_alike(held: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Tell whether a tensor has a blob's numbers: a row may lie along any axis, (1, C, 1, 1)."""
    if len(held) <= 1:
        return math.prod(held) == math.prod(wanted)
    return _without_ones_behind(held) == _without_ones_behind(wanted)


def _without_ones_behind(shape: tuple[int, ...]) -> tuple[int, ...]:
    return _without_ones_behind(shape[:-1]) if shape[-1:] == (1,) else shape


def _check(slot: Slot, module: Module) -> None:
    if not slot.fits(module):
        raise WeightsError(
            f"layer {slot.name!r} wants {_wants(slot)}, and the module of its name has"
            f" {_words(module)}; give the net that the weights are of"
        )


def _misfit(slots: Sequence[Slot], modules: Sequence[Module]) -> WeightsError:
    """Return the error of the first place that the natural order fills wrongly."""
    pairs = _aligned(slots, sorted(modules, key=lambda m: _natural(m.name)))
    slot, module = next((s, m) for s, m in pairs if not (m and s.fits(m)))
    there = "there are too few modules"
    if module:
        there = f"the module in its place, {module.name!r}, has {_words(module)}"
    return WeightsError(
        f"layer {slot.name!r} wants {_wants(slot)}, and {there}; give the net that the weights"
        " are of, or rename its layers as the modules"
    )


def _wants(slot: Slot) -> str:
    return " ".join(f"{tensor} {shape}" for _, _, tensor, shape in slot.blobs if tensor)


def _words(module: Module) -> str:
    return " ".join(f"{name} {tuple(t.shape)}" for name, t in module.tensors.items())

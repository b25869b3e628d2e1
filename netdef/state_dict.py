"""Weights of another framework's modules, by the layers of a net that they belong to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError
from netdef.graph import Graph
from netdef.infer import Shapes
from netdef.module_slots import Module, Slot, slots_of

Array = NDArray[Any]

_IGNORED = "num_batches_tracked"
_HEADS = ("classifier", "fc", "head")
_SHORTCUTS = ("downsample", "shortcut")


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
    matrices and normalizations, each of the same shape, and none left over. Modules are in
    the order of their names, numbers as numbers, heads last; shortcuts last or first in their
    block.

    Raises:
        WeightsError: neither fits, or two orders do; the first layer that has no module.
    """
    slots, modules = slots_of(graph, shapes), _modules(tensors)
    by_name = {_plain(m.name): m for m in modules}
    if all(_plain(s.name) in by_name for s in slots):
        named = [(slot, by_name[_plain(slot.name)]) for slot in slots]
        for slot, module in named:
            _check(slot, module)
        return _assignment(named, modules, "names")
    found = []
    for order in (_natural, _shortcuts_first):
        pairs = _aligned(slots, sorted(modules, key=lambda m, o=order: o(m.name)))  # type: ignore[misc]
        is_whole = len(modules) == len(slots)
        if is_whole and all(module and slot.fits(module) for slot, module in pairs):
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
        waiting.setdefault(module.kind, []).append(module)
    pairs = []
    for slot in slots:
        own = waiting.get(slot.kind, [])
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


def _check(slot: Slot, module: Module) -> None:
    if not slot.fits(module):
        raise WeightsError(
            f"layer {slot.name!r} wants {slot}, and the module of its name has"
            f" {module}; give the net that the weights are of"
        )


def _misfit(slots: Sequence[Slot], modules: Sequence[Module]) -> WeightsError:
    """Return the error of the first place that the natural order fills wrongly, if one is."""
    mend = "give the net that the weights are of, or rename its layers as the modules"
    pairs = _aligned(slots, sorted(modules, key=lambda m: _natural(m.name)))
    for slot, module in pairs:
        if not module:
            return WeightsError(
                f"layer {slot.name!r} wants {slot}, and there are too few modules; {mend}"
            )
        if not slot.fits(module):
            return WeightsError(
                f"layer {slot.name!r} wants {slot}, and the module in its place,"
                f" {module.name!r}, has {module}; {mend}"
            )
    used = {module.name for _, module in pairs if module}
    left = next(m.name for m in modules if m.name not in used)
    return WeightsError(f"no layer of the net wants the module {left!r}; {mend}")

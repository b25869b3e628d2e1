"""What a picture says of one layer: its fields, weights, work and learning rates."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from netdef.diagram.diagram import Kind
from netdef.graph import Node
from netdef.infer import Param
from netdef.layer import DataLayer

_WINDOW = ("kernel_size", "stride", "pad", "dilation")
_STEMS = {name.partition("_")[0] for name in _WINDOW}
_TOLD_ANYWAY = ("pool", "operation", "dropout_ratio")
"""Also where they are what they are by default: of Pooling, Eltwise and Dropout."""
_PASSED_OVER = {"training", "name", "type", "engine", "param_str", "force_nd_im2col"}
_MOST_FIELDS = 6
_LONGEST = 28
_NORMS = ("LRN", "MVN", "BN", "Normalize")
_WINDOWS = ("Pooling", "ROIPooling", "PSROIPooling", "SPP", "Upsample", "Interp", "Im2col", "Crop")


def kind_of(node: Node, params: Sequence[Param]) -> Kind:
    """Return which of the colours of a picture a layer gets."""
    if isinstance(node.layer, DataLayer) or node.type in ("Input", "DummyData", "MemoryData"):
        return "data"
    if any(node.loss_weights):
        return "loss"
    if node.type.endswith("Norm") or node.type in _NORMS:
        return "norm"
    if node.type in _WINDOWS:
        return "window"
    return "weights" if params or "weight_filler" in vars(node.layer) else "other"


def field_lines(node: Node) -> list[str]:
    """Return the fields that the prototxt sets, those of a window in one line."""
    given = _given(node)
    window = [f"{name} {sides}" for name in _WINDOW if (sides := _sides(given, name))]
    lines = [", ".join(window).replace("_size", "")] if window else []
    lines += [f"{k}: {_text(v)}" for k, v in given.items() if k.partition("_")[0] not in _STEMS]
    return lines[:_MOST_FIELDS]


def weight_lines(node: Node, params: Sequence[Param], multiply_adds: int) -> list[str]:
    """Return the number of weights, whose they are if shared, and the multiply-adds of a pass."""
    own = sum(math.prod(p.weight.shape) for p in params if p.is_owner)
    lines = [f"{own:,} weights"] if own else []
    owners = dict.fromkeys(p.owner.rpartition("/")[0] for p in params if not p.is_owner)
    lines += [f"weights of {owner}" for owner in owners]
    return lines + ([f"{multiply_adds:,} multiply-adds"] if multiply_adds else [])


def rate_lines(rates: Sequence[float]) -> list[str]:
    """Return the learning-rate multipliers, if they are not all 1."""
    if not any(rates) and rates:
        return ["frozen"]
    return [f"lr x {', '.join(f'{r:g}' for r in rates)}"] if set(rates) - {1.0} else []


def rates(node: Node, params: Sequence[Param] | None) -> list[float]:
    """Return the multipliers of what can be learned; of what the prototxt says if no more is known.

    ``params`` are those of ``netdef.infer``, or None.
    """
    if params is None:
        return [spec.lr_mult for spec in node.params]
    return [p.lr_mult for p in params if p.weight.is_learned]


def shape_text(shape: Sequence[int]) -> str:
    """Return a blob's shape as ``64x3x28x28``."""
    return "x".join(map(str, shape)) or "scalar"


def _given(node: Node) -> dict[str, Any]:
    """Return the fields of a layer that are not what they are by default."""
    found = {}
    for rule in dataclasses.fields(node.layer):
        value = getattr(node.layer, rule.name)
        if rule.name in _PASSED_OVER or isinstance(value, Message) or value in (None, (), ""):
            continue
        if isinstance(value, tuple) and isinstance(value[0], Message):
            continue
        if value != rule.default or rule.name in _TOLD_ANYWAY:
            found[rule.name] = value
    return found


def _sides(given: dict[str, Any], name: str) -> str:
    """Return a window's kernel, stride or pad as ``3x5``, or ``3`` if both axes have the same."""
    stem = name.partition("_")[0]
    if f"{stem}_h" in given or f"{stem}_w" in given:
        sides = (given.get(f"{stem}_h", 0), given.get(f"{stem}_w", 0))
    else:
        value = given.get(name, ())
        sides = value if isinstance(value, tuple) else (value,)
    return "x".join(map(str, sides if len(set(sides)) > 1 else sides[:1]))


def _text(value: Any) -> str:
    whole = ", ".join(map(_text, value)) if isinstance(value, tuple) else str(value)
    whole = f"{value:g}" if isinstance(value, float) else whole
    whole = whole.lower() if isinstance(value, bool) else whole
    return whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1] + "…"

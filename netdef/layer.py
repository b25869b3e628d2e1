"""What a layer is: declared fields, inferred shapes, and maths on arrays."""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, dataclass_transform

from netdef.data.source import Source
from netdef.errors import FieldError
from netdef.fields import check_range, declared_fields, field, plain_value, rule_of
from netdef.ops import Array, Ops
from netdef.plugin import plugin_values
from netdef.proto import LayerParameter
from netdef.registry import Registry
from netdef.shape import Shape
from netdef.signature import Filler, Grad, Ports, Saved, Signature, Weight

LAYERS: Registry[type["Layer"]] = Registry(
    "layer type", home="netdef.layers", plugins="netdef.layers"
)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
@dataclass(frozen=True, kw_only=True)
class Layer:
    """Base of all layers: an immutable configuration, without arrays or state.

    Annotations of a subclass name fields of its messages in netdef.proto (or of
    LayerParameter itself), from which their defaults come; an enum is given by the name
    of its value. ``infer`` is pure: it takes the bottoms' shapes by name (and the names of
    the ``tops`` if it asks for them). ``forward`` and ``backward`` ask for arrays by name
    (bottoms, tops, ``d<top>``, weights, what was saved): what ``backward`` does not ask
    for, the plan need not keep. Gradients of weights are added to, as ``iter_size`` and
    shared weights need; gradients of bottoms are overwritten. A layer whose tops' shapes
    depend on values infers the largest, and resizes them by ``ops.produce``.
    """

    type: ClassVar[str]
    bottoms: ClassVar[tuple[str, ...]] = ("x",)
    tops: ClassVar[tuple[str, ...]] = ("y",)
    fewest_bottoms: ClassVar[int] = 1
    fewest_tops: ClassVar[int] = 1
    without_gradient: ClassVar[frozenset[str]] = frozenset()
    """Bottoms, such as labels, that never get a gradient."""
    maps_each_bottom: ClassVar[bool] = False
    """True if several bottoms each make a top of their own with the same weights."""
    loss_weight: ClassVar[float] = 0.0
    """Of the first top, where the prototxt gives none."""
    infer: ClassVar[Callable[..., Signature]]
    forward: ClassVar[Callable[..., None]]
    backward: ClassVar[Callable[..., None] | None] = None

    training: bool = True

    _messages: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls,
        message: str | tuple[str, ...] = (),
        type: str | None = None,
        is_abstract: bool = False,
    ) -> None:
        if message:
            cls._messages = (message,) if isinstance(message, str) else message
        own = vars(cls).get("__annotations__", {})
        inherited = {rule.name for rule in dataclasses.fields(cls)}.difference(own)
        declared = {
            name: proto
            for name, proto in declared_fields(cls, Layer, cls._messages).items()
            if name not in inherited
        }
        for name, proto in declared.items():
            setattr(cls, name, rule_of(cls, name, proto))
        cls.__annotations__ = dict.fromkeys(declared, Any)
        dataclass(frozen=True, kw_only=True)(cls)
        if not is_abstract:
            cls.type = type or cls.__name__
            LAYERS.add(cls.type, cls)

    def __post_init__(self) -> None:
        for rule in dataclasses.fields(self):
            value = getattr(self, rule.name)
            for each in value if isinstance(value, tuple) else (value,):
                check_range(rule.name, each, rule.metadata)

    @classmethod
    def from_proto(cls, proto: LayerParameter, training: bool = True) -> Self:
        """Read the layer's own messages; a field that is not set keeps its default.

        Raises:
            FieldError: a field is missing or out of its range.
        """
        rules = {rule.name: rule for rule in dataclasses.fields(cls)}
        given: dict[str, Any] = {"training": training}
        for message in (proto, *(getattr(proto, name) for name in reversed(cls._messages))):
            for descriptor, value in message.ListFields():
                if descriptor.name in rules:
                    given[descriptor.name] = plain_value(descriptor, value)
        given |= plugin_values(list(rules.values()), proto.plugin_param)
        for name, rule in rules.items():
            free = rule.default is rule.default_factory is dataclasses.MISSING
            if free and name not in given:
                raise FieldError(f"{cls._messages[0]} must set {name}")
        return cls(**given)

    @classmethod
    def bottom_ports(cls) -> Ports:
        """The names and number of the bottoms."""
        return Ports.parse(cls.bottoms, cls.fewest_bottoms)

    @classmethod
    def top_ports(cls) -> Ports:
        """The names and number of the tops."""
        return Ports.parse(cls.tops, cls.fewest_tops)

    @classmethod
    def wants(cls, method: str) -> frozenset[str]:
        """Return the names of the arrays that ``forward`` or ``backward`` asks for."""
        function = getattr(cls, method)
        return frozenset(inspect.signature(function).parameters) - {"self", "ops", "grad"}

    def close(self) -> None:
        """Let go of what it holds outside of the net's memory, such as a file it writes."""

    def signature(self, bottoms: Sequence[Shape], tops: Sequence[str]) -> Signature:
        """Call ``infer`` with the bottoms by name."""
        known = {**self.bottom_ports().name(bottoms), "tops": tuple(tops)}
        asked = inspect.signature(self.infer).parameters
        return self.infer(**{k: v for k, v in known.items() if k in asked})


class DataLayer(Layer, is_abstract=True):
    """Base of layers that read batches from a source, which ``open`` makes."""

    bottoms: ClassVar[tuple[str, ...]] = ()

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Return the source of the batches; nothing is read ahead before its first ``next``."""
        raise NotImplementedError

    def forward(self, ops: Ops, all_tops: tuple[Array, ...]) -> None:
        ops.feed(out=all_tops)

    def infer(self, *, tops: tuple[str, ...]) -> Signature:
        if tops not in self._seen:  # images of many sizes are planned for again and again
            source = self.open(tops, seed=0)
            source.close()
            self._seen[tops] = source.shapes
        return Signature(tops=self._seen[tops])

    @cached_property
    def _seen(self) -> dict[tuple[str, ...], tuple[Shape, ...]]:
        return {}


__all__ = [
    "LAYERS",
    "DataLayer",
    "Filler",
    "Grad",
    "Layer",
    "Saved",
    "Signature",
    "Weight",
    "field",
]

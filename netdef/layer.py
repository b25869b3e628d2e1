"""What a layer is: declared fields, inferred shapes, and maths on arrays."""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, dataclass_transform

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from netdef.data.source import Source
from netdef.errors import FieldError, SchemaError
from netdef.ops import Ops
from netdef.proto import FillerParameter, LayerParameter
from netdef.registry import Registry
from netdef.shape import Shape

Filler = FillerParameter
LAYERS: Registry[type["Layer"]] = Registry("layer type", home="netdef.layers")


@dataclass(frozen=True)
class Weight:
    """A blob that a layer asks for: its name, shape and first values.

    One that is not learned (a running statistic) has a learning rate of 0, whatever the
    prototxt says, and is updated by ``forward``.
    """

    name: str
    shape: tuple[int, ...]
    filler: Filler
    is_learned: bool = True


@dataclass(frozen=True)
class Saved:
    """An array that ``forward`` makes for itself and for ``backward``."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True)
class Signature:
    """What a layer makes of its bottoms: its tops' shapes, its weights, what it saves."""

    tops: Sequence[Shape]
    weights: Sequence[Weight] = ()
    saved: Sequence[Saved] = ()


class Grad:
    """The gradients to fill, by the name of the array; None where nobody wants one."""

    def __init__(self, **arrays: Any) -> None:
        self._arrays = arrays

    def __getattr__(self, name: str) -> Any:
        return self._arrays.get(name)


@dataclass(frozen=True)
class Ports:
    """The names of a layer's bottoms or tops: ``"x"``, ``"mask?"`` (optional), ``"*x"`` (any)."""

    names: tuple[str, ...]
    fewest: int
    most: int | None
    is_variadic: bool

    @classmethod
    def parse(cls, names: Sequence[str], at_least: int) -> Self:
        """Read the short form that layer classes are written in."""
        is_variadic = bool(names) and names[0].startswith("*")
        plain = tuple(n.strip("*?") for n in names)
        fewest = at_least if is_variadic else sum(not n.endswith("?") for n in names)
        return cls(plain, fewest, None if is_variadic else len(names), is_variadic)

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.fewest} or more"
        return str(self.most) if self.fewest == self.most else f"{self.fewest} to {self.most}"

    def name(self, values: Sequence[Any]) -> dict[str, Any]:
        """Put values (arrays, shapes) under their names; a missing optional one is None."""
        if self.is_variadic:
            return {self.names[0]: tuple(values)}
        return dict(zip(self.names, [*values, *[None] * len(self.names)], strict=False))


def field(
    *, at_least: float | None = None, at_most: float | None = None, above: float | None = None
) -> Any:
    """Declare the range of a field, which netdef.proto cannot say; the rest comes from there."""
    metadata = {"at_least": at_least, "at_most": at_most, "above": above}
    return dataclasses.field(metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
@dataclass(frozen=True, kw_only=True)
class Layer:
    """Base of all layers: an immutable configuration, without arrays or state.

    Annotations of a subclass name fields of its message in netdef.proto, from which
    their defaults come; an enum is given by the name of its value. ``infer`` is pure: it
    takes the bottoms' shapes by name (and the names of the ``tops`` if it asks for them).
    ``forward`` and ``backward`` ask for arrays by name (bottoms, tops, ``d<top>``,
    weights, what was saved): what ``backward`` does not ask for, the plan need not keep.
    Gradients of weights are added to, as ``iter_size`` and shared weights need;
    gradients of bottoms are overwritten.
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
        cls._messages = (message,) if isinstance(message, str) else message
        declared = _declared(cls)
        for name, proto in declared.items():
            setattr(cls, name, _rule(cls, name, proto))
        cls.__annotations__ = dict.fromkeys(declared, Any)
        dataclass(frozen=True, kw_only=True)(cls)
        if not is_abstract:
            cls.type = type or cls.__name__
            LAYERS.add(cls.type, cls)

    def __post_init__(self) -> None:
        for name, rule in self.__dataclass_fields__.items():  # type: ignore[attr-defined]
            value = getattr(self, name)
            if isinstance(value, tuple):
                for each in value:
                    _check_range(name, each, rule.metadata)
            elif value is not None:
                _check_range(name, value, rule.metadata)

    @classmethod
    def from_proto(cls, proto: LayerParameter, training: bool = True) -> Self:
        """Read the layer's own messages; a field that is not set keeps its default.

        Raises:
            FieldError: a field is missing or out of its range.
        """
        rules = cls.__dataclass_fields__  # type: ignore[attr-defined]
        given: dict[str, Any] = {"training": training}
        for message in cls._messages:
            for descriptor, value in getattr(proto, message).ListFields():
                if descriptor.name in rules:
                    given[descriptor.name] = _plain(descriptor, value)
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

    def forward(self, ops: Ops, **tops: Any) -> None:
        ops.feed(out=tuple(top for top in tops.values() if top is not None))

    def infer(self, *, tops: tuple[str, ...]) -> Signature:
        source = self.open(tops, seed=0)
        try:
            return Signature(tops=source.shapes)
        finally:
            source.close()


def _declared(cls: type[Layer]) -> dict[str, FieldDescriptor]:
    """Match the class's annotations with the fields of its messages."""
    messages = [_message(cls, name) for name in cls._messages]
    found: dict[str, FieldDescriptor] = {}
    for owner in reversed(cls.__mro__):
        if owner is Layer:
            continue
        for name, kind in vars(owner).get("__annotations__", {}).items():
            if "ClassVar" in str(kind):
                continue
            homes = [m for m in messages if name in m.fields_by_name]
            if not homes:
                raise SchemaError(f"{cls.__name__}.{name} is not a field of {cls._messages}")
            found[name] = homes[0].fields_by_name[name]
    return found


def _message(cls: type[Layer], name: str) -> Descriptor:
    declared = LayerParameter.DESCRIPTOR.fields_by_name.get(name)
    if declared is None or declared.message_type is None:
        raise SchemaError(f"{cls.__name__}: LayerParameter has no message {name}")
    return declared.message_type


def _rule(cls: type[Layer], name: str, proto: FieldDescriptor) -> Any:
    """Give a declared field its default from the schema; one without must be given."""
    own = getattr(cls, name, None)
    rule = dataclasses.field(metadata=own.metadata if isinstance(own, dataclasses.Field) else {})
    if proto.is_repeated:
        rule.default = ()
    elif proto.message_type is not None:
        rule.default_factory = proto.message_type._concrete_class
    elif proto.has_default_value:
        rule.default = _plain(proto, proto.default_value)
    elif not isinstance(own, dataclasses.Field):
        rule.default = None
    return rule


def _plain(descriptor: FieldDescriptor, value: Any) -> Any:
    if descriptor.is_repeated:
        return tuple(value)
    if descriptor.enum_type is not None:
        return descriptor.enum_type.values_by_number[value].name
    return value


def _check_range(name: str, value: Any, rule: Any) -> None:
    for what, is_outside, words in (
        ("at_least", lambda low: value < low, "must be at least"),
        ("at_most", lambda high: value > high, "must be at most"),
        ("above", lambda low: value <= low, "must be more than"),
    ):
        limit = rule.get(what)
        if limit is not None and is_outside(limit):
            raise FieldError(f"{name} {words} {limit:g}, got {value:g}")

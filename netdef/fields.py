"""The fields of a layer class: declared by annotations, filled from netdef.proto."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from netdef.errors import FieldError, SchemaError
from netdef.plugin import OWN
from netdef.proto import LayerParameter


def field(
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
    default: Any = dataclasses.MISSING,
) -> Any:
    """Declare the range of a field, which netdef.proto cannot say; the rest comes from there.

    With a ``default`` the field is not looked for in netdef.proto: it is a plug-in's own,
    set by ``plugin_param`` (see ``netdef.plugin``).
    """
    metadata: dict[str, Any] = {"at_least": at_least, "at_most": at_most, "above": above}
    if default is not dataclasses.MISSING:
        metadata[OWN] = True
    return dataclasses.field(default=default, metadata=metadata)


def declared_fields(
    cls: type, base: type, messages: Sequence[str]
) -> dict[str, FieldDescriptor | None]:
    """Match the class's annotations with the fields of its messages; None for its own ones."""
    descriptors = [_message(cls, name) for name in messages]
    found: dict[str, FieldDescriptor | None] = {}
    for owner in reversed(cls.__mro__):
        if owner is base:
            continue
        for name, kind in vars(owner).get("__annotations__", {}).items():
            if "ClassVar" in str(kind):
                continue
            made = vars(owner).get("__dataclass_fields__", vars(owner)).get(name)
            if isinstance(made, dataclasses.Field) and OWN in made.metadata:
                found[name] = None
                continue
            places = (*descriptors, LayerParameter.DESCRIPTOR)
            homes = [m for m in places if name in m.fields_by_name]
            if not homes:
                raise SchemaError(f"{cls.__name__}.{name} is not a field of {', '.join(messages)}")
            found[name] = homes[0].fields_by_name[name]
    return found


def _message(cls: type, name: str) -> Descriptor:
    declared = LayerParameter.DESCRIPTOR.fields_by_name.get(name)
    if declared is None or declared.message_type is None:
        raise SchemaError(f"{cls.__name__}: LayerParameter has no message {name}")
    return declared.message_type


def rule_of(cls: type, name: str, proto: FieldDescriptor | None) -> Any:
    """Give a declared field its default from the schema; one without must be given.

    A message written ``= None`` in the class is None when unset, others are empty.
    """
    own = getattr(cls, name, None)
    if proto is None:
        return own
    rule = dataclasses.field(metadata=own.metadata if isinstance(own, dataclasses.Field) else {})
    if proto.is_repeated:
        rule.default = ()
    elif proto.message_type is not None and name in vars(cls) and own is None:
        rule.default = None
    elif proto.message_type is not None:
        rule.default_factory = GetMessageClass(proto.message_type)
    elif proto.has_default_value:
        rule.default = plain_value(proto, proto.default_value)
    elif not isinstance(own, dataclasses.Field):
        rule.default = None
    return rule


def plain_value(descriptor: FieldDescriptor, value: Any) -> Any:
    """Return a field's value as layers use it: repeated as a tuple, an enum by its name."""
    if descriptor.is_repeated:
        return tuple(value)
    if descriptor.enum_type is not None:
        return descriptor.enum_type.values_by_number[value].name
    return value


def check_range(name: str, value: Any, rule: Mapping[str, Any]) -> None:
    """Fail unless the value is in the range that ``field`` declared.

    Raises:
        FieldError: it is outside.
    """
    low, high, above = (rule.get(limit) for limit in ("at_least", "at_most", "above"))
    if value is None:
        return
    if low is not None and value < low:
        raise FieldError(f"{name} must be at least {low:g}, got {value:g}")
    if high is not None and value > high:
        raise FieldError(f"{name} must be at most {high:g}, got {value:g}")
    if above is not None and value <= above:
        raise FieldError(f"{name} must be more than {above:g}, got {value:g}")

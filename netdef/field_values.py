"""Fields of a message, set by paths and values that a user types."""

import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from netdef.errors import ConfigError, did_you_mean
from netdef.prototxt.forks import whose
from netdef.prototxt.parser import fill, is_repeated
from netdef.prototxt.source import Source
from netdef.prototxt.values import value_of, what_it_takes

_PART = re.compile(r"(\w+)(?:\[(\d+)\])?")


def set_field(message: Any, path: str, value: str) -> None:
    """Set the field at ``path``: names of fields with dots between, ``[i]`` for one of many.

    ``value`` is written as in a prototxt, but a string may go without quotes. The values of
    a repeated field, with commas between, take the place of all that it has.

    Raises:
        ConfigError: there is no such field, or it does not take the value.
    """
    *outer, last = path.split(".")
    for part in outer:
        field, index = _find(message, part)
        if field.message_type is None:
            raise ConfigError(f"{field.name} has no fields; it takes {what_it_takes(field)}")
        message = _inner(message, field, index)
    field, index = _find(message, last)
    if field.message_type is not None:
        _set_block(message, field, index, value)
    elif not is_repeated(field):
        setattr(message, field.name, _scalar(field, value))
    elif index is None:
        values = [_scalar(field, one.strip()) for one in value.strip("[]").split(",") if one]
        message.ClearField(field.name)
        getattr(message, field.name).extend(values)
    else:
        _set_one(getattr(message, field.name), field, index, _scalar(field, value))


def _find(message: Any, part: str) -> tuple[FieldDescriptor, int | None]:
    match = _PART.fullmatch(part)
    name, index = (match[1], match[2]) if match else (part, None)
    fields = message.DESCRIPTOR.fields_by_name
    if name not in fields:
        kind = message.DESCRIPTOR.name
        hint = _deeper(message, name) or whose(kind, name) or did_you_mean(name, fields)
        raise ConfigError(f"{kind} has no field {name!r}{hint}")
    if index is not None and not is_repeated(fields[name]):
        raise ConfigError(f"{name} takes one value; leave out [{index}]")
    return fields[name], None if index is None else int(index)


def _deeper(message: Message, name: str) -> str:
    """Tell which block of the message has the field."""
    for field, _ in message.ListFields():
        if field.message_type and name in field.message_type.fields_by_name:
            return f"; it is a field of {field.name}: write {field.name}.{name}"
    return ""


def _inner(message: Any, field: FieldDescriptor, index: int | None) -> Any:
    inner = getattr(message, field.name)
    if not is_repeated(field):
        inner.SetInParent()
        return inner
    if index is None:
        raise ConfigError(f"{field.name} is there more than once; write {field.name}[0]")
    if index > len(inner):
        raise _no_such_index(field, index, len(inner))
    return inner.add() if index == len(inner) else inner[index]


def _no_such_index(field: FieldDescriptor, index: int, count: int) -> ConfigError:
    return ConfigError(f"there is no {field.name}[{index}]; the next new one is [{count}]")


def _set_one(values: Any, field: FieldDescriptor, index: int, value: Any) -> None:
    if index > len(values):
        raise _no_such_index(field, index, len(values))
    if index == len(values):
        values.append(value)
    else:
        values[index] = value


def _set_block(message: Any, field: FieldDescriptor, index: int | None, value: str) -> None:
    if not (value.startswith("{") and value.endswith("}")):
        raise ConfigError(f"{field.name} takes {what_it_takes(field)}, not {value}")
    if is_repeated(field) and index is None:
        message.ClearField(field.name)
        index = 0
    inner = _inner(message, field, index)
    inner.Clear()
    if value[1:-1].strip():
        fill(inner, Source(value[1:-1], field.name), {})


def _scalar(field: FieldDescriptor, value: str) -> Any:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        text = value[1:-1] if is_quoted else value
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    if not value:
        raise ConfigError(f"{field.name} has no value; it takes {what_it_takes(field)}")
    try:
        return value_of(field, value)
    except ValueError as error:
        raise ConfigError(str(error)) from None

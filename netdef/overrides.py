"""Fields of a message or of a net's layers, changed by ``path=value``."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from netdef.errors import ConfigError, at, did_you_mean
from netdef.graph import build, is_included
from netdef.infer import infer
from netdef.proto import TEST, TRAIN, LayerParameter, NetParameter, NetState
from netdef.prototxt import NetText
from netdef.prototxt.forks import whose
from netdef.prototxt.parser import fill, is_repeated
from netdef.prototxt.source import Source
from netdef.prototxt.values import value_of, what_it_takes

_PART = re.compile(r"(\w+)(?:\[(\d+)\])?")
_PHASE = re.compile(r"@(TRAIN|TEST)\.")
_MULTIPLIERS = ("lr_mult", "decay_mult")


def split_override(text: str) -> tuple[str, str]:
    """Return the path and the value of ``path=value``.

    Raises:
        ConfigError: it has no ``=``, or nothing before it.
    """
    path, equals, value = text.partition("=")
    if not path or not equals:
        raise ConfigError(f"{text!r} changes no field; write field=value, such as base_lr=0.005")
    return path, value


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


def override_nets(nets: Sequence[NetText], overrides: Iterable[tuple[str, str]]) -> list[NetText]:
    """Return the nets with fields changed; a path begins with a layer's name, or is a net's.

    ``conv1.convolution_param.num_output`` is of every layer ``conv1``, in whatever net has
    one; ``data@TRAIN.data_param.batch_size`` only of those in the phase TRAIN; ``conv1.lr_mult``
    and ``conv1.decay_mult`` of all its weight blobs; ``force_backward`` of each net itself.

    Raises:
        ConfigError: there is no such layer or field, or it does not take the value.
    """
    changed = [replace(text, net=_copy(text.net)) for text in nets]
    for path, value in overrides:
        with at(f"net.{path}={value}"):
            found = [_override(text, path, value) for text in changed]
            if not any(found):
                raise _no_target(changed, path)
    return changed


def _copy(net: NetParameter) -> NetParameter:
    own = NetParameter()
    own.CopyFrom(net)
    return own


def _override(text: NetText, path: str, value: str) -> bool:
    """Change a net; say whether it has what the path names."""
    layers, rest = _layers(text.net, path)
    for layer in layers:
        if rest in _MULTIPLIERS:
            _add_specs(text, layer)
            for spec in layer.param:
                set_field(spec, rest, value)
        else:
            set_field(layer, rest, value)
    is_net_s = not layers and path.partition(".")[0] in NetParameter.DESCRIPTOR.fields_by_name
    if is_net_s:
        set_field(text.net, path, value)
    return bool(layers) or is_net_s


def _layers(net: NetParameter, path: str) -> tuple[list[LayerParameter], str]:
    """Return the layers that a path begins with, and the path inside them.

    Names of layers may have dots: the longest one counts.
    """
    names = {one.name for one in net.layer if path.startswith((f"{one.name}.", f"{one.name}@"))}
    for name in sorted(names, key=len, reverse=True):
        rest = path.removeprefix(name)
        phase = _PHASE.match(rest)
        found = [one for one in net.layer if one.name == name]
        if phase:
            state = NetState(phase=TRAIN if phase[1] == "TRAIN" else TEST)
            return [one for one in found if is_included(one, state)], rest[phase.end() :]
        if rest.startswith("."):
            return found, rest[1:]
    return [], path


def _no_target(nets: Sequence[NetText], path: str) -> ConfigError:
    name = path.partition(".")[0].partition("@")[0]
    layers = {layer.name for text in nets for layer in text.net.layer}
    if name in layers:
        return ConfigError(
            f"layer {name!r} needs a field behind it, such as net.{name}.lr_mult, or is not in"
            " that phase"
        )
    hint = did_you_mean(name, layers) or did_you_mean(name, NetParameter.DESCRIPTOR.fields_by_name)
    return ConfigError(f"the net has no layer or field {name!r}{hint}")


def _add_specs(text: NetText, layer: LayerParameter) -> None:
    """Give a layer as many ``param`` entries as it has weight blobs."""
    phase = TRAIN if is_included(layer, NetState(phase=TRAIN)) else TEST
    count = len(infer(build(text, phase)).params[layer.name])
    if not count:
        raise ConfigError(f"layer {layer.name!r} ({layer.type}) has no weights")
    while len(layer.param) < count:
        layer.param.add()


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

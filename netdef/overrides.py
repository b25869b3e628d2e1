"""Fields of nets and their layers, changed by ``path=value``."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from netdef.errors import ConfigError, at, did_you_mean
from netdef.field_values import set_field
from netdef.graph import build, is_included
from netdef.infer import infer
from netdef.proto import TEST, TRAIN, LayerParameter, NetParameter, NetState
from netdef.prototxt import NetText

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
            _refuse_misspelt_multiplier(rest)
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


def _refuse_misspelt_multiplier(name: str) -> None:
    """Help with names that are no fields of the schema, which knows others only."""
    near = did_you_mean(name, _MULTIPLIERS)
    if near and name not in LayerParameter.DESCRIPTOR.fields_by_name:
        raise ConfigError(f"LayerParameter has no field {name!r}{near}")


def _add_specs(text: NetText, layer: LayerParameter) -> None:
    """Give a layer as many ``param`` entries as it has weight blobs."""
    phase = TRAIN if is_included(layer, NetState(phase=TRAIN)) else TEST
    count = len(infer(build(text, phase)).params[layer.name])
    if not count:
        raise ConfigError(f"layer {layer.name!r} ({layer.type}) has no weights")
    while len(layer.param) < count:
        layer.param.add()

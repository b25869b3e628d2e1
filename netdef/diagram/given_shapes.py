"""Shapes of what data layers make, told where their data are not there to look at."""

from collections.abc import Mapping, Sequence

from netdef.errors import ConfigError, did_you_mean
from netdef.proto import LayerParameter, NetParameter
from netdef.prototxt import NetText


def parse_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """Return name and shape of ``data=64,3,28,28``.

    Raises:
        ConfigError: it is not of that form.
    """
    name, _, numbers = text.partition("=")
    sides = numbers.split(",")
    if not name or not all(side.isdecimal() and int(side) for side in sides):
        raise ConfigError(f"{text!r} is no shape of a blob; write data=64,3,28,28")
    return name, tuple(map(int, sides))


def with_given_shapes(text: NetText, shapes: Mapping[str, Sequence[int]]) -> NetText:
    """Return the net with Input layers in the place of those that make the blobs of ``shapes``.

    Their other tops, such as labels, get one number for each item of the first that is given.

    Raises:
        ConfigError: no layer without bottoms makes a blob of that name.
    """
    known = [top for layer in text.net.layer if not layer.bottom for top in layer.top]
    for name in shapes:
        if name not in known:
            raise ConfigError(f"no data layer makes a blob {name!r}{did_you_mean(name, known)}")
    net = NetParameter()
    net.CopyFrom(text.net)
    for layer in net.layer:
        given = [shapes[top] for top in layer.top if top in shapes]
        if given and not layer.bottom:
            layer.CopyFrom(_input(layer, [shapes.get(top, given[0][:1]) for top in layer.top]))
    return NetText(net, text.path, text.lines)


def _input(layer: LayerParameter, shapes: Sequence[Sequence[int]]) -> LayerParameter:
    found = LayerParameter(name=layer.name, type="Input", top=layer.top)
    found.include.extend(layer.include)
    found.exclude.extend(layer.exclude)
    for shape in shapes:
        found.input_param.shape.add(dim=shape)
    return found

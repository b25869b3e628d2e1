"""A net's ``input`` fields into Input layers."""

from netdef.errors import FieldError
from netdef.proto import LayerParameter, NetParameter


def input_layers(net: NetParameter) -> list[LayerParameter]:
    """Return an Input layer for each ``input`` of ``net``.

    Raises:
        FieldError: the number of shapes is not that of the inputs.
    """
    shapes = _shapes(net)
    if len(shapes) != len(net.input):
        raise FieldError(
            f"{len(net.input)} input and {len(shapes)} shapes; "
            "give each input one input_shape or four input_dim"
        )
    layers = []
    for name, shape in zip(net.input, shapes, strict=True):
        layer = LayerParameter(name=name, type="Input", top=[name])
        layer.input_param.shape.add(dim=shape)
        layers.append(layer)
    return layers


def _shapes(net: NetParameter) -> list[list[int]]:
    if net.input_shape:
        return [list(shape.dim) for shape in net.input_shape]
    if len(net.input_dim) % 4:
        raise FieldError(f"{len(net.input_dim)} input_dim are not four for each input")
    return [list(net.input_dim[i : i + 4]) for i in range(0, len(net.input_dim), 4)]

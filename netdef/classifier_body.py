"""What a trained classifier's prototxt holds from pictures to scores, for another use of it."""

from dataclasses import dataclass

from netdef.errors import ConfigError
from netdef.graph import build
from netdef.infer import Param, infer
from netdef.net_cutting import needed_layers, tested_layers
from netdef.proto import TEST, LayerParameter, NetParameter, TransformationParameter
from netdef.prototxt import NetText, net_text

_LOSSES = ("Softmax", "SoftmaxWithLoss")
_WITH_OUTPUTS = {"Convolution": "convolution_param", "InnerProduct": "inner_product_param"}


@dataclass(frozen=True)
class Body:
    """The layers from the pictures to the scores of the classes.

    ``net`` begins with an Input layer and ends with what makes the blob ``scores``. ``head``
    is the last learned layer that has an output for each class. ``transform`` is how the
    prototxt prepares pictures, if it reads any.
    """

    net: NetParameter
    path: str
    pictures: str
    shape: tuple[int, int, int]
    scores: str
    head: str
    params: dict[str, tuple[Param, ...]]
    transform: TransformationParameter


def body_of(text: NetText) -> Body:
    """Find the body of a classifier: a deploy prototxt, or one that trains and tests.

    Layers that the scores do not need, such as losses and classifiers on the way, are left
    out.

    Raises:
        ConfigError: the net has no pictures, no size of them, or no head.
    """
    scores, needed = _needed(tested_layers(text), text.path)
    source = next((layer for layer in needed if not layer.bottom), None)
    if source is None or not source.top:
        raise ConfigError(f"{text.path}: no layer gives the net its pictures")
    shape = _picture_shape(source, text.path)
    net = NetParameter(name=text.net.name)
    net.layer.append(input_layer(source.top[0], (1, *shape)))
    net.layer.extend(layer for layer in needed if layer.bottom)
    for layer in net.layer:
        layer.ClearField("include")
        layer.ClearField("exclude")
    graph = build(net_text(net, text.path), TEST)
    shapes = infer(graph)
    classes = shapes.blobs[graph.blobs[scores]][1]
    head = next((m.name for m in reversed(net.layer) if _outputs(m) == classes), None)
    if head is None:
        raise ConfigError(
            f"{text.path}: no Convolution or InnerProduct has the {classes} outputs of the scores"
            f" {scores!r}, so there is no head to put a new one in the place of"
        )
    return Body(
        net, text.path, source.top[0], shape, scores, head, dict(shapes.params),
        source.transform_param,
    )  # fmt: skip


def input_layer(blob: str, shape: tuple[int, ...]) -> LayerParameter:
    """Return an Input layer that makes a blob of a shape."""
    layer = LayerParameter(name=blob, type="Input", top=[blob])
    layer.input_param.shape.add().dim.extend(shape)
    return layer


def set_outputs(layer: LayerParameter, outputs: int) -> None:
    """Give a Convolution or InnerProduct another number of outputs."""
    getattr(layer, _WITH_OUTPUTS[layer.type]).num_output = outputs


def _outputs(layer: LayerParameter) -> int:
    field = _WITH_OUTPUTS.get(layer.type)
    return int(getattr(layer, field).num_output) if field else 0


def _needed(layers: list[LayerParameter], path: str) -> tuple[str, list[LayerParameter]]:
    """Return the name of the scores and the layers that they come from."""
    ends = [i for i, layer in enumerate(layers) if layer.type in _LOSSES]
    end = ends[-1] if ends else len(layers)
    scores = layers[end].bottom[0] if ends else layers[-1].top[0] if layers else ""
    found = needed_layers(layers[:end], [scores])
    if not found:
        raise ConfigError(f"{path}: has no layers that make scores")
    return scores, found


def _picture_shape(source: LayerParameter, path: str) -> tuple[int, int, int]:
    if source.type == "Input":
        dims = tuple(source.input_param.shape[0].dim) if source.input_param.shape else ()
        if len(dims) != 4:
            raise ConfigError(
                f"{path}: input {source.top[0]!r} has the shape {dims}; pictures are"
                " (N, channels, height, width)"
            )
        return dims[1], dims[2], dims[3]
    crop = source.transform_param.crop_size
    if not crop:
        raise ConfigError(
            f"{path}: layer {source.name!r} has no crop_size, so the size of its pictures is not"
            " known; give the deploy prototxt"
        )
    is_grey = source.type == "ImageData" and not source.image_data_param.is_color
    return (1 if is_grey else 3), crop, crop

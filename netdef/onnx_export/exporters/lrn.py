"""Local response normalization."""

from netdef.onnx_export.exporters.pooling import average
from netdef.onnx_export.part import Part, exports
from netdef.window import Window


@exports("LRN")
def lrn(part: Part) -> None:
    """ONNX's LRN across channels, which takes four axes; within them by its formula."""
    layer = part.layer
    if layer.norm_region == "WITHIN_CHANNEL":
        _lrn_within(part)
        return
    numbers = dict(size=layer.local_size, alpha=layer.alpha, beta=layer.beta, bias=layer.k)
    if len(part.x_shape) == _IMAGES:
        part.add("LRN", part.x, to=part.y, **numbers)
        return
    lead, image = part.x_shape.split(2)
    value = part.add("LRN", part.reshape(part.x, (*lead, image.size, 1)), **numbers)
    part.reshape(value, part.x_shape, to=part.y)


_IMAGES = 4


def _lrn_within(part: Part) -> None:
    """``x / (1 + alpha mean x^2)^beta``, the mean being Caffe's average pooling."""
    image, size = part.x_shape[2:], part.layer.local_size
    axes = len(image)
    window = Window((size,) * axes, (1,) * axes, ((size - 1) // 2,) * axes, (1,) * axes)
    mean = average(part, part.add("Mul", part.x, part.x), window, image, image)
    scale = part.add("Add", part.add("Mul", mean, float(part.layer.alpha)), 1.0)
    part.add("Mul", part.x, part.add("Pow", scale, float(-part.layer.beta)), to=part.y)

"""Layer normalization."""

from netdef.layers.standardized import Standardized
from netdef.shape import Shape


class LayerNorm(Standardized, message="layer_norm_param"):
    """Bring each item to mean 0 and variance 1 over the axes from ``axis`` on (Ba 2016).

    ``y = (x - mean) / sqrt(variance + eps) * weight + bias``; weight begins at 1 without a
    ``filler``.

    Shapes:
        x, y: any that has ``axis``.
        weight: the axes from ``axis`` on, absent unless ``scale_term``.
        bias: the same, absent unless ``bias_term``.

    Raises:
        ShapeError: x has no axis ``axis``.
    """

    axis: int

    def _rows(self, x: Shape) -> int:
        return x.split(x.axis(self.axis))[0].size

    def _span(self, axes: int) -> range:
        return range(self.axis % axes, axes)

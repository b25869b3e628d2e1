"""Group normalization."""

from netdef.errors import ShapeError
from netdef.layer import field
from netdef.layers.standardized import Standardized
from netdef.shape import Shape


class GroupNorm(Standardized, message="group_norm_param"):
    """Bring groups of channels of each item to mean 0 and variance 1 (Wu 2018).

    ``y = (x - mean) / sqrt(variance + eps) * weight + bias``, with the mean and variance of
    a group's channels and pixels; weight begins at 1 without a ``filler``. ``group: 1``
    takes all channels together, as many groups as channels each by itself.

    Shapes:
        x, y: ``(N, C, ...)``, C a multiple of ``group``.
        weight: ``(C,)``, absent unless ``scale_term``.
        bias: ``(C,)``, absent unless ``bias_term``.

    Raises:
        ShapeError: C does not divide into ``group`` groups.
    """

    group: int = field(at_least=1)

    def _rows(self, x: Shape) -> int:
        channels = x[x.axis(1)]
        if channels % self.group:
            raise ShapeError(f"{channels} channels do not divide into {self.group} groups")
        return x[0] * self.group

    def _span(self, axes: int) -> range:
        return range(1, 2)

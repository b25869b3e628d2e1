"""Batch normalization with its scale, bias and ReLU."""

from functools import partial
from typing import Any

from netdef.engines.cupy.kernels import computed
from netdef.engines.cupy.places import Axes, Strides, axes_of, strides_of, struct
from netdef.engines.cupy.reduction import Reduction, reduction_of
from netdef.engines.cupy.sums import Sums
from netdef.engines.engine import Launches, Refused, Run, in_order


class BatchNorm(Sums):
    """The primitives of batch normalization.

    Statistics are made in one pass over the images, in parts and then from those; the images
    are written in a second.
    """

    def batch_statistics(self, x: Any, mean: Any, variance: Any) -> Run:
        image = self.image_type((x,), (mean, variance))
        _check_vectors(mean, variance)
        by, channels = _reduction(x)
        parts = self.scratch.take((by.results * by.parts, 3), computed(image))
        return in_order(
            self._normalization("moments_of_parts", image, by.blocks, x, parts, channels),
            self._normalization("moments", image, by.results, parts, by.parts, mean, variance),
        )

    def batch_norm(
        self,
        x: Any,
        scale: Any,
        bias: Any,
        out: Any,
        mean: Any,
        variance: Any,
        mask: Any,
        *,
        eps: float,
        relu: bool,
    ) -> Run:
        image = self.image_type((x, out), (scale, bias, mean, variance))
        _check_vectors(scale, bias)
        statistics = self.batch_statistics(x, mean, variance)
        axes, images = _images(x, None, mask, out)
        arrays = (x, mean, variance, scale, bias, out, mask)
        blocks = self.blocks_for(axes.count)
        normalize = self._normalization(
            "normalize", image, blocks, *arrays, images, float(eps), int(relu)
        )
        return in_order(statistics, normalize)

    def batch_norm_back(
        self,
        x: Any,
        dy: Any,
        mean: Any,
        variance: Any,
        scale: Any,
        mask: Any,
        out: Any,
        add_scale: Any,
        add_bias: Any,
        *,
        eps: float,
        relu: bool,
    ) -> Run:
        vectors = (mean, variance, scale, add_scale, add_bias)
        image = self.image_type((x, dy, out), vectors)
        flows = self.scratch.take((2, x.shape[1]), computed(image))
        runs = [self._flow_back(x, dy, mask, mean, variance, scale, out, flows, eps)]
        if scale is not None:
            add = self.xp.add
            runs += [Launches(partial(add, add_scale, flows[1], out=add_scale))]
            runs += [Launches(partial(add, add_bias, flows[0], out=add_bias))]
        return in_order(*runs)

    def batch_norm_grad(self, y: Any, dy: Any, inverse_std: Any, out: Any) -> Run:
        image = self.image_type((y, dy, out), (inverse_std,))
        flows = self.scratch.take((2, y.shape[1]), computed(image))
        return self._flow_back(y, dy, None, None, inverse_std, None, out, flows, 0)

    def _flow_back(
        self,
        x: Any,
        dy: Any,
        mask: Any,
        mean: Any,
        spread: Any,
        scale: Any,
        out: Any,
        flows: Any,
        eps: float,
    ) -> Run:
        """Return what puts the sums of dy, and of dy x, to flows, and then makes out."""
        _check_vectors(mean, spread, scale)
        image, (by, channels) = x.dtype, _reduction(x, dy, mask)
        parts = self.scratch.take((2 * by.results, by.parts), flows.dtype)
        axes, images = _images(x, dy, mask, out)
        return in_order(
            self._normalization(
                *("flows", image, by.blocks),
                *(x, dy, mask, mean, spread, parts, channels, float(eps)),
            ),
            self.sum(parts, flows.reshape(-1), axes=(1,)),
            self._normalization(
                *("flow_back", image, self.blocks_for(axes.count)),
                *(x, dy, mask, mean, spread, scale, flows, out, images),
                *(by.results, float(by.length), float(eps)),
            ),
        )

    def _normalization(self, name: str, image: Any, blocks: int, *arguments: Any) -> Run:
        return self.launch("batch_norm", name, image, blocks, *arguments)


def _check_vectors(*vectors: Any) -> None:
    """Refuse vectors whose numbers do not lie side by side.

    Raises:
        Refused: one is such.
    """
    if not all(v is None or v.flags.c_contiguous for v in vectors):
        raise Refused("takes the numbers of all channels side by side")


def _reduction(x: Any, dy: Any = None, mask: Any = None) -> tuple[Reduction, Any]:
    """Put images together by channel; return the struct ``Channels`` as well."""
    lying = _lying(x, dy, mask)
    summed = (0, *range(2, x.ndim))
    by = reduction_of(summed, x.shape, *lying).in_parts()
    pairs = zip(by.kept.packed_strides(), by.summed.packed_strides(), strict=True)
    return by, struct(by.packed(), *(part for pair in pairs for part in pair))


def _images(x: Any, dy: Any, mask: Any, out: Any) -> tuple[Axes, Any]:
    """Return the axes of all images, and the struct ``Images``."""
    number = tuple(int(axis == 1) for axis in range(x.ndim))
    axes = axes_of(x.shape, *_lying(x, dy, mask, out), number)
    return axes, struct(axes.count, axes.packed(), *axes.packed_strides())


def _lying(*images: Any) -> list[Strides]:
    """Return the strides of each; of one that is not given those of the first."""
    return [strides_of(images[0] if image is None else image) for image in images]

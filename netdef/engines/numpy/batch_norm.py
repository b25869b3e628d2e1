"""Batch normalization with its scale, bias and ReLU, block by block of channels."""

from typing import Any

from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.normalization import Normalization


class BatchNorm(Normalization):
    """The primitives ``batch_norm`` and ``batch_norm_back``."""

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
        xp = self.xp
        statistics = self.batch_statistics(x, mean, variance)
        blocks = self._channels(x, out, mean, variance, *_given(scale, bias, mask))
        factor = self.scratch.take((mean.size,), x.dtype)

        def run() -> None:
            for pixels, goal, m, v, *more in blocks:
                f = factor[: len(m)]
                xp.sqrt(v + eps, out=f)
                xp.subtract(pixels, _tall(m, pixels), out=goal)
                xp.divide(goal, _tall(f, pixels), out=goal)
                if scale is not None:
                    xp.multiply(goal, _tall(more[0], pixels), out=goal)
                    xp.add(goal, _tall(more[1], pixels), out=goal)
                if relu:
                    xp.maximum(goal, 0, out=goal)
                if mask is not None:
                    xp.greater(goal, 0, out=more[-1].view(bool))

        return in_order(statistics, run)

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
        count = x.size // x.shape[1]
        given = _given(scale, add_scale, add_bias, mask)
        blocks = self._channels(x, dy, out, mean, variance, *given)
        normal, error = (self.scratch.take(blocks[0][0].shape, x.dtype) for _ in range(2))
        xp, axes = self.xp, tuple(range(1, x.ndim))

        def run() -> None:
            for pixels, errors, goal, m, v, *more in blocks:
                f, n, e = 1 / xp.sqrt(v + eps), normal[: len(m)], error[: len(m)]
                xp.subtract(pixels, _tall(m, pixels), out=n)
                xp.multiply(n, _tall(f, pixels), out=n)
                xp.copyto(e, errors)
                if mask is not None:
                    xp.multiply(e, more[-1], out=e)
                total = e.sum(axis=axes)
                along = (n * e).sum(axis=axes)
                if scale is not None:
                    f = f * more[0]
                    xp.add(more[1], along, out=more[1])
                    xp.add(more[2], total, out=more[2])
                xp.multiply(n, _tall(along / count, pixels), out=n)
                xp.subtract(e, n, out=e)
                xp.subtract(e, _tall(total / count, pixels), out=e)
                xp.multiply(e, _tall(f, pixels), out=goal)

        return run


def _given(*arrays: Any) -> list[Any]:
    return [a for a in arrays if a is not None]


def _tall(vector: Any, pixels: Any) -> Any:
    """View one number for each channel beside ``(C, ...)``."""
    return vector.reshape(-1, *(1,) * (pixels.ndim - 1))

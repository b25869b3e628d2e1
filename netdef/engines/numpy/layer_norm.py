"""Rows brought to mean 0 and variance 1, made of batch statistics, elementwise calls and sums."""

from typing import Any

from netdef.engines.engine import Run, in_order
from netdef.engines.numpy.splitting import Splitting


class LayerNorm(Splitting):
    """The primitives ``layer_norm`` and ``layer_norm_back``.

    To ``batch_statistics`` rows are the channels of one image.
    """

    def layer_norm(
        self, x: Any, scale: Any, bias: Any, out: Any, mean: Any, variance: Any, *, eps: float
    ) -> Run:
        inverse, invert = self._inverse_std(variance, eps)
        given = _given(scale=scale, bias=bias)
        text = "(x - m) * inverse" + "".join(_USES[name] for name in given)
        arrays = dict(x=x, m=mean.reshape(-1, 1), inverse=inverse.reshape(-1, 1), out=out)
        return in_order(
            self.prepare_wide(
                "batch_statistics", dict(x=x[None], mean=mean, variance=variance), {}
            ),
            invert,
            self.mapped(text, **arrays, **given),
        )

    def layer_norm_back(
        self,
        x: Any,
        dy: Any,
        mean: Any,
        variance: Any,
        scale: Any,
        out: Any,
        add_scale: Any,
        add_bias: Any,
        *,
        eps: float,
    ) -> Run:
        inverse, invert = self._inverse_std(variance, eps)
        normal = self.scratch.take(x.shape, x.dtype)
        rows = dict(x=x, m=mean.reshape(-1, 1), inverse=inverse.reshape(-1, 1))
        runs = [invert, self.mapped("(x - m) * inverse", **rows, out=normal)]
        if add_scale is not None:
            arrays = dict(a=normal, b=dy, add_to=add_scale)
            runs.append(self.prepare_wide("sum_product", arrays, dict(axes=(0,))))
        if add_bias is not None:
            runs.append(self.prepare_wide("sum", dict(x=dy, add_to=add_bias), dict(axes=(0,))))
        if out is not None:
            error = dy
            if scale is not None:
                error = self.scratch.take(dy.shape, dy.dtype)
                runs.append(self.mapped("dy * scale", dy=dy, scale=scale, out=error))
            arrays = dict(y=normal[None], dy=error[None], inverse_std=inverse, out=out[None])
            runs.append(self.prepare_wide("batch_norm_grad", arrays, {}))
        return in_order(*runs)

    def _inverse_std(self, variance: Any, eps: float) -> tuple[Any, Run]:
        """Return room for ``1 / sqrt(variance + eps)``, and what fills it."""
        room = self.scratch.take(variance.shape, variance.dtype)
        return room, self.mapped("1 / sqrt(v + eps)", v=variance, eps=eps, out=room)


_USES = {"scale": " * scale", "bias": " + bias"}


def _given(**arrays: Any) -> dict[str, Any]:
    return {name: array for name, array in arrays.items() if array is not None}

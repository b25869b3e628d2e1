"""Batch normalization with its scale, bias and ReLU."""

from typing import Any

from netdef.engines.cudnn import normalization_graphs as graphs
from netdef.engines.cudnn.calls import Calls
from netdef.engines.cudnn.normalization_graphs import Normalized
from netdef.engines.engine import Run, in_order


class Normalization(Calls):
    """The primitives ``batch_norm`` and ``batch_norm_back``.

    cuDNN packs what was clipped into bits, eight a byte, which no other engine reads: so
    forward is refused where backward would be, and the other way round.
    """

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
        call = self._call(x, eps, relu, mask)
        graph = graphs.forward(call)
        if call.has_mask:
            self.plan_of(graphs.backward(call))
        count = len(mean)
        vectors = {
            "scale": self.constant(1, count) if scale is None else scale,
            "bias": self.constant(0, count) if bias is None else bias,
            "in_running_mean": self.constant(0, count),
            "in_running_var": self.constant(1, count),
            "mean": mean,
        }
        for name in ("inverse_std", "running_mean", "running_variance"):
            vectors[name] = self.scratch.take((count,), "float32")
        images, before, after = self.arrange(graph, call.channels_innermost, {"x": x}, {"out": out})
        run = self.ready(graph, images | vectors | ({} if mask is None else {"mask": mask}))
        turned, inverse = "maximum(1 / (inverse * inverse) - eps, 0)", vectors["inverse_std"]
        statistics = self.mapped(turned, variance, None, {"eps": eps}, inverse=inverse)
        return in_order(*before, run, *after, statistics)

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
        call = self._call(x, eps, relu, mask)
        graph, count = graphs.backward(call), len(mean)
        if call.has_mask:
            self.plan_of(graphs.forward(call))
        vectors = {
            "scale": self.constant(1, count) if scale is None else scale,
            "mean": mean,
            "inverse_std": self.scratch.take((count,), "float32"),
        }
        turned, inverse = "1 / sqrt(variance + eps)", vectors["inverse_std"]
        prepare = self.mapped(turned, inverse, None, {"eps": eps}, variance=variance)
        adding: list[Run] = []
        for name, goal in (("grad_scale", add_scale), ("grad_bias", add_bias)):
            vectors[name] = self.scratch.take((count,), "float32")
            if goal is not None:
                adding.append(self.mapped("sums", add_to=goal, sums=vectors[name]))
        images, before, after = self.arrange(
            graph, call.channels_innermost, {"x": x, "dy": dy}, {"out": out}
        )
        run = self.ready(graph, images | vectors | ({} if mask is None else {"mask": mask}))
        return in_order(*before, prepare, run, *after, *adding)

    def _call(self, x: Any, eps: float, relu: bool, mask: Any) -> Normalized:
        """Describe the call by what forward and backward both know.

        The bits of the mask lie as the images do, so the type, which decides that, is that of
        the image both read, whatever those are that each of them writes.
        """
        dtype = str(x.dtype.name)
        innermost = self.lies_channels_innermost(dtype)
        return Normalized(tuple(x.shape), dtype, innermost, eps, relu, mask is not None)

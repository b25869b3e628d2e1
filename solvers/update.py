"""One update of all weights: clip, divide, decay, then the rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import ConfigError, WeightsError
from netdef.loading import is_same_in_four_axes
from netdef.proto import SolverParameter
from netdef.solvers.rule import rule_named
from netdef.weights import Segment, Weights

_ELEMENTS_IN_CACHE = 32 * 1024
"""The weights, gradients, histories and scratch of one stretch stay in a core's L2 cache."""
_ELEMENTS_ON_GPU = 4 * 1024 * 1024


@dataclass(frozen=True)
class _Stretch:
    """Views of one stretch of the arenas; ``g`` and ``spare`` are scratch memory."""

    w: Any
    grad: Any
    histories: list[Any]
    g: Any
    spare: Any
    segment: Segment


class Update:
    """Brings the weights of a net one iteration on, in Caffe's order.

    The gradients, summed over ``iter_size`` passes, are scaled down to the L2 norm
    ``clip_gradients`` if theirs is larger, and divided by ``iter_size``; to each,
    ``weight_decay decay_mult w`` (L2) or ``weight_decay decay_mult sign(w)`` (L1) is added;
    then the rule runs with the rate ``rate lr_mult``.

    Raises:
        UnknownType: there is no rule of that name.
        ConfigError: regularization_type is unknown.
    """

    def __init__(self, weights: Weights, param: SolverParameter) -> None:
        device = weights.device
        self._weights, self._param, self._xp = weights, param, device.xp
        self.rule = rule_named(param.type)(param, device.xp)
        check_regularization(param)
        self.histories = [
            device.xp.zeros(weights.learned, "float32") for _ in range(self.rule.histories)
        ]
        length = _ELEMENTS_ON_GPU if device.is_gpu else _ELEMENTS_IN_CACHE
        self._scratch = device.xp.empty((2, min(length, weights.learned)), "float32")
        self._stretches = [
            self._stretch(segment, start, min(start + length, segment.stop))
            for segment in weights.segments
            for start in range(segment.start, segment.stop, length)
        ]

    def _stretch(self, segment: Segment, start: int, stop: int) -> _Stretch:
        g, spare = self._scratch[:, : stop - start]
        here = slice(start, stop)
        histories = [h[here] for h in self.histories]
        return _Stretch(
            self._weights.data[here], self._weights.grad[here], histories, g, spare, segment
        )

    def apply(self, rate: float, iteration: int) -> None:
        """Change the weights by their gradients."""
        scale = self._clip() / self._param.iter_size
        for s in self._stretches:
            self._scale_and_decay(s, scale)
            rate_here = rate * s.segment.lr_mult
            self.rule.update(s.w, s.g, s.histories, rate_here, iteration, s.spare)

    def _clip(self) -> float:
        """Return the factor that brings the gradients down to the norm they may have."""
        limit = self._param.clip_gradients
        if limit < 0:
            return 1.0
        grad = self._weights.grad
        norm = float(self._xp.dot(grad, grad)) ** 0.5
        return limit / norm if norm > limit else 1.0

    def _scale_and_decay(self, s: _Stretch, scale: float) -> None:
        """Set ``g = scale grad + decay w`` or ``scale grad + decay sign(w)``."""
        xp, decay = self._xp, self._param.weight_decay * s.segment.decay_mult
        if not decay:
            xp.multiply(s.grad, scale, out=s.g)
            return
        if self._param.regularization_type == "L2":
            xp.multiply(s.w, decay, out=s.g)
        else:
            xp.sign(s.w, out=s.g)
            xp.multiply(s.g, decay, out=s.g)
        grad = s.grad if scale == 1 else xp.multiply(s.grad, scale, out=s.spare)
        xp.add(s.g, grad, out=s.g)

    def saved(self) -> list[NDArray[Any]]:
        """Return the histories, blob by blob in the order of the layers; 0 where not learned."""
        return [
            self._weights.device.to_host(self._weights.view(history, key))
            if param.is_learned
            else np.zeros(param.weight.shape, "float32")
            for history in self.histories
            for key, param in self._weights.params.items()
        ]

    def check(self, saved: Sequence[NDArray[Any]]) -> None:
        """See whether ``restore`` can take these histories.

        Raises:
            WeightsError: their number or shapes are not those of this net and rule.
        """
        keys = list(self._weights.params) * len(self.histories)
        if len(saved) != len(keys):
            raise WeightsError(
                f"holds {len(saved)} history blobs, solver type {self.rule.type!r} needs"
                f" {len(keys)} for this net; it is of another net or solver type"
            )
        for key, blob in zip(keys, saved, strict=True):
            shape = tuple(self._weights.params[key].weight.shape)
            if blob.shape != shape and not is_same_in_four_axes(blob.shape, shape):
                raise WeightsError(
                    f"the history of weight blob {key!r} has the shape {blob.shape},"
                    f" in the net {shape}; it is of another net"
                )

    def restore(self, saved: Sequence[NDArray[Any]]) -> None:
        """Go on with histories that ``saved`` returned, here or in Caffe."""
        self.check(saved)
        blobs = iter(saved)
        for history in self.histories:
            for key, param in self._weights.params.items():
                blob = next(blobs)
                if param.is_learned:
                    view = self._weights.view(history, key)
                    view[...] = self._xp.asarray(blob.reshape(view.shape))


def check_regularization(param: SolverParameter) -> None:
    """Refuse a regularization_type that would be used and is not known."""
    name = param.regularization_type
    if param.weight_decay and name not in ("L1", "L2"):
        raise ConfigError(f"no regularization_type {name!r}; it is L1 or L2")

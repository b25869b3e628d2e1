"""One update of all weights: clip, divide, decay, then the rule."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import ConfigError, WeightsError
from netdef.loading import is_same_in_four_axes
from netdef.proto import SolverParameter
from netdef.solvers.layerwise_rule import LayerwiseRule
from netdef.solvers.rule import Rule, Step, rule_named
from netdef.solvers.stretches import Stretch, Stretches, blobs_of
from netdef.weights import Weights


class Update:
    """Brings the weights of a net one iteration on, in Caffe's order.

    The gradients, summed over ``iter_size`` passes, are scaled down to the L2 norm
    ``clip_gradients`` if theirs is larger, and divided by ``iter_size``; to each,
    ``weight_decay decay_mult w`` (L2) or ``weight_decay decay_mult sign(w)`` (L1) is added,
    unless the rule decays by itself; then the rule runs with the rate ``rate lr_mult``.

    Raises:
        UnknownType: there is no rule of that name.
        ConfigError: the rule cannot run with these fields.
    """

    def __init__(self, weights: Weights, param: SolverParameter) -> None:
        self._weights, self._param, self._xp = weights, param, weights.device.xp
        self.rule = checked_rule(param)(param, self._xp)
        self.histories = [
            self._xp.zeros(weights.learned, "float32") for _ in range(self.rule.histories)
        ]
        is_layerwise = isinstance(self.rule, LayerwiseRule)
        regions = blobs_of(weights) if is_layerwise else weights.segments
        self._stretches = Stretches(weights, self.histories, regions)
        self._squares = np.zeros((self._stretches.count, 2))

    def apply(self, rate: float, iteration: int, loss_scale: float = 1.0) -> None:
        """Change the weights by their gradients, which come multiplied by ``loss_scale``."""
        scale = self._clip(loss_scale) / self._param.iter_size / loss_scale
        steps = [
            Step(rate * r.lr_mult, self._param.weight_decay * r.decay_mult, iteration)
            for r in self._stretches.regions
        ]
        if isinstance(self.rule, LayerwiseRule):
            steps = self._trusted(self.rule, steps, scale)

        def change(s: Stretch) -> None:
            step = steps[s.region]
            self._gradient(s, scale, step.decay)
            self.rule.update(s.w, s.g, s.histories, s.spare, step)

        self._stretches.each(change)

    def _trusted(self, rule: LayerwiseRule, steps: Sequence[Step], scale: float) -> list[Step]:
        """Return the steps with their rates times the trust of their blobs."""
        squares = np.zeros((len(steps), 2))

        def measure(s: Stretch) -> None:
            self._gradient(s, scale, 0)
            self._squares[s.number] = rule.measure(s.w, s.g, s.histories, s.spare, steps[s.region])

        self._stretches.each(measure)
        np.add.at(squares, self._stretches.region_of, self._squares)
        return [
            Step(step.rate * rule.trust(w, other, step.decay), step.decay, step.iteration)
            for step, (w, other) in zip(steps, np.sqrt(squares).tolist(), strict=True)
        ]

    def _clip(self, loss_scale: float) -> float:
        """Return the factor that brings the gradients down to the norm they may have."""
        limit = self._param.clip_gradients
        if limit < 0:
            return 1.0

        def measure(s: Stretch) -> None:
            self._squares[s.number, 0] = float(self._xp.dot(s.grad, s.grad))

        self._stretches.each(measure)
        norm = float(self._squares[:, 0].sum()) ** 0.5 / loss_scale
        return limit / norm if norm > limit else 1.0

    def _gradient(self, s: Stretch, scale: float, decay: float) -> None:
        """Set ``g = scale grad + decay w`` or ``scale grad + decay sign(w)``."""
        xp = self._xp
        if not decay or self.rule.decays_itself:
            xp.multiply(s.grad, scale, out=s.g)
            return
        if self._param.regularization_type == "L2":
            xp.multiply(s.w, decay, out=s.g)
        else:
            xp.sign(s.w, out=s.g)
            xp.multiply(s.g, decay, out=s.g)
        grad = s.grad if scale == 1 else xp.multiply(s.grad, scale, out=s.spare)
        xp.add(s.g, grad, out=s.g)

    def snapshot_bytes(self) -> tuple[int, int]:
        """Return the bytes that all weights, and all histories, take in a snapshot."""
        weights = 4 * sum(math.prod(p.weight.shape) for p in self._weights.params.values())
        return weights, weights * len(self.histories)

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


def checked_rule(param: SolverParameter) -> type[Rule]:
    """Return the rule that ``type`` names, if it can run with the other fields.

    Raises:
        UnknownType: there is no rule of that name.
        ConfigError: it cannot; with the mend.
    """
    rule, name = rule_named(param.type), param.regularization_type
    rule.check(param)
    if param.weight_decay and name not in ("L1", "L2"):
        raise ConfigError(f"no regularization_type {name!r}; it is L1 or L2")
    if param.weight_decay and name == "L1" and rule.decays_itself:
        raise ConfigError(f"type {rule.type!r} decays by L2 only; remove regularization_type")
    return rule

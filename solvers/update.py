"""One update of all weights: clip, divide, decay, then the rule."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import ConfigError, WeightsError
from netdef.loading import is_same_in_four_axes
from netdef.out_of_memory import allocating
from netdef.proto import SolverParameter
from netdef.solvers.arenas import on_arenas
from netdef.solvers.layerwise_rule import LayerwiseRule
from netdef.solvers.method import kind_of, method_of
from netdef.solvers.rule import Rule, Step, rule_named
from netdef.solvers.stretches import blobs_of
from netdef.weights import Weights


class Update:
    """Brings the weights of a net one iteration on, in Caffe's order.

    The gradients, summed over ``iter_size`` passes, are scaled down to the L2 norm
    ``clip_gradients`` if theirs is larger, and divided by ``iter_size``; to each,
    ``weight_decay decay_mult w`` (L2) or ``weight_decay decay_mult sign(w)`` (L1) is added,
    unless the rule decays by itself; then the rule runs with the rate ``rate lr_mult``.

    If it ``clears``, a GPU sets the gradients to 0 on the way; else they stay as they are. A GPU
    does nothing while ``halted``, an array of one number, does not hold 0.

    Raises:
        UnknownType: there is no rule of that name.
        ConfigError: the rule cannot run with these fields.
    """

    def __init__(
        self,
        weights: Weights,
        param: SolverParameter,
        clears: bool = False,
        halted: Any = None,
    ) -> None:
        self._weights, self._param, xp = weights, param, weights.device.xp
        self.clears = clears and weights.device.is_gpu
        self.rule = checked_rule(param)(param)
        weights.history_bytes = 4 * weights.learned * len(self.rule.histories)
        with allocating(weights.device, "what the solver remembers", weights.history_bytes):
            self.histories = [xp.zeros(weights.learned, "float32") for _ in self.rule.histories]
        is_layerwise = isinstance(self.rule, LayerwiseRule)
        regions = blobs_of(weights) if is_layerwise else weights.segments
        self._kinds = {kind_of(region) for region in regions}
        arenas = dict(zip(self.rule.histories, self.histories, strict=True))
        method = method_of(self.rule, param)
        self._on_arenas = on_arenas(weights, method, arenas, regions, self.clears, halted)

    def apply(self, rate: float, iteration: int, loss_scale: float = 1) -> None:
        """Change the weights by their gradients, which are ``loss_scale`` times too large."""
        limit, divisor = self._param.clip_gradients, self._param.iter_size * loss_scale
        steps = {
            (lr_mult, decay_mult): Step(
                rate * lr_mult, self._param.weight_decay * decay_mult, iteration
            )
            for lr_mult, decay_mult in self._kinds
        }
        self._on_arenas.run(
            {
                kind: {"rate": s.rate, "decay": s.decay, **self.rule.numbers(s)}
                for kind, s in steps.items()
            },
            divisor,
            limit * loss_scale if limit >= 0 else None,
        )

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
                    view[...] = self._weights.device.xp.asarray(blob.reshape(view.shape))


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

"""Compare a layer's backward with finite differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.eager import Trial
from netdef.layer import Layer


def check_gradient(
    layer: Layer,
    *shapes: tuple[int, ...],
    tops: int | None = None,
    bottoms: Sequence[Any] | None = None,
    step: float = 1e-4,
    tolerance: float = 1e-6,
) -> None:
    """Fail unless the gradient of every bottom and learned weight agrees, in float64.

    The objective is a fixed random projection of the tops whose gradients the layer asks
    for. Every gradient starts at 1, to prove that those of weights are added to and those
    of bottoms overwritten. ``bottoms`` are their values; random ones, without it.
    """
    rng = np.random.default_rng(1701)
    trial = Trial(layer, *shapes, tops=tops)
    for i, bottom in enumerate(trial.bottoms):
        bottom[...] = rng.standard_normal(bottom.shape) if bottoms is None else bottoms[i]
    learned = {w.name: trial.weights[w.name] for w in trial.signature.weights if w.is_learned}
    for weight in learned.values():
        weight[...] = rng.standard_normal(weight.shape)
    diffs = [rng.standard_normal(top.shape) for top in trial.tops]
    counting = [is_asked(layer, i) for i in range(len(diffs))]

    def objective() -> float:
        trial.forward()
        each = zip(trial.tops, diffs, counting, strict=True)
        return sum(float((top * diff).sum()) for top, diff, counts in each if counts)

    objective()
    asked = [takes_gradient(layer, i) for i in range(len(trial.bottoms))]
    into = [np.ones(b.shape) if a else None for b, a in zip(trial.bottoms, asked, strict=True)]
    added = {name: np.ones(weight.shape) for name, weight in learned.items()}
    trial.backward(diffs, into, added)
    gradients = {f"bottom {i}": (trial.bottoms[i], g) for i, g in enumerate(into) if g is not None}
    gradients |= {name: (learned[name], grad - 1) for name, grad in added.items()}
    assert gradients, "nothing has a gradient"
    for name, (values, found) in gradients.items():
        for at in np.ndindex(values.shape):
            here = values[at]
            values[at] = here + step
            above = objective()
            values[at] = here - step
            slope = (above - objective()) / (2 * step)
            values[at] = here
            off = abs(found[at] - slope)
            assert off < tolerance, f"gradient of {name}{list(at)}: {found[at]}, not {slope}"


def takes_gradient(layer: Layer, bottom: int) -> bool:
    ports = layer.bottom_ports()
    return ports.is_variadic or ports.names[bottom] not in layer.without_gradient


def is_asked(layer: Layer, top: int) -> bool:
    """Tell whether the layer's backward reads the gradient of this top."""
    ports = layer.top_ports()
    return f"d{ports.names[0 if ports.is_variadic else top]}" in layer.wants("backward")

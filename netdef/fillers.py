"""First values of weights: Caffe's seven fillers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netdef.errors import FieldError, unknown
from netdef.proto import FillerParameter

Array = Any
_Filler = Callable[[Array, FillerParameter, np.random.Generator], None]


def fill(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Fill a NumPy array as a filler says that ``check_filler`` found nothing against."""
    FILLERS[filler.type](out, filler, rng)


def check_filler(filler: FillerParameter, shape: tuple[int, ...]) -> None:
    """Fail unless the filler can fill an array of this shape.

    Raises:
        UnknownType: no filler goes by that name.
        FieldError: its fields make no sense, or it cannot fill this shape.
    """
    kind = filler.type
    if kind not in FILLERS:
        raise unknown("filler type", kind, FILLERS)
    if filler.sparse != -1 and kind != "gaussian":
        raise FieldError(f"sparse is a field of the gaussian filler, not of {kind}")
    if filler.sparse < -1:
        raise FieldError(f"sparse must be at least 0, got {filler.sparse}")
    if kind == "gaussian" and filler.std < 0:
        raise FieldError(f"std must be at least 0, got {filler.std:g}")
    if kind == "uniform" and filler.min > filler.max:
        raise FieldError(f"min {filler.min:g} of the uniform filler exceeds max {filler.max:g}")
    if kind == "bilinear" and (len(shape) != 4 or shape[2] != shape[3]):
        raise FieldError(f"the bilinear filler fills square 4-D kernels, not the shape {shape}")
    needs_axes = kind in ("positive_unitball", "xavier", "msra") or filler.sparse >= 0
    if needs_axes and not shape:
        raise FieldError(f"the {kind} filler needs a first axis, which the shape () lacks")


def constant(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Every element is ``value``."""
    out.fill(filler.value)


def uniform(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Uniform in ``[min, max)``."""
    out[...] = rng.uniform(filler.min, filler.max, out.shape)


def gaussian(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Normal with ``mean`` and ``std``; ``sparse`` keeps about so many inputs of an output."""
    out[...] = rng.normal(filler.mean, filler.std, out.shape)
    if filler.sparse >= 0:
        outputs = out.shape[0]
        out *= rng.random(out.shape) < filler.sparse / outputs


def positive_unitball(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Uniform in [0, 1), then every output's inputs are scaled to sum to 1."""
    out[...] = rng.random(out.shape)
    rows = out.reshape(out.shape[0], -1)
    rows /= rows.sum(axis=1, keepdims=True)


def xavier(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Uniform within ``sqrt(3 / n)``, n the fan chosen by ``variance_norm`` (Glorot 2010)."""
    bound = np.sqrt(3 / _fan(out.shape, filler))
    out[...] = rng.uniform(-bound, bound, out.shape)


def msra(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Normal with ``std = sqrt(2 / n)``, n the fan chosen by ``variance_norm`` (He 2015)."""
    out[...] = rng.normal(0, np.sqrt(2 / _fan(out.shape, filler)), out.shape)


def bilinear(out: Array, filler: FillerParameter, rng: np.random.Generator) -> None:
    """Weights of a deconvolution that interpolates linearly between pixels.

    ``w(i, j) = (1 - |i / f - c|) (1 - |j / f - c|)``, ``f = ceil(k / 2)``,
    ``c = (2 f - 1 - f mod 2) / (2 f)``.
    """
    size = out.shape[3]
    factor = -(-size // 2)
    centre = (2 * factor - 1 - factor % 2) / (2 * factor)
    slope = 1 - np.abs(np.arange(size) / factor - centre)
    out[...] = np.outer(slope, slope)


FILLERS: dict[str, _Filler] = {
    f.__name__: f for f in (constant, uniform, gaussian, positive_unitball, xavier, msra, bilinear)
}


def _fan(shape: tuple[int, ...], filler: FillerParameter) -> float:
    count = float(np.prod(shape))
    inputs = count / shape[0]
    outputs = count / shape[1] if len(shape) > 1 else count
    norm = FillerParameter.VarianceNorm.Name(filler.variance_norm)
    return {"FAN_IN": inputs, "FAN_OUT": outputs, "AVERAGE": (inputs + outputs) / 2}[norm]

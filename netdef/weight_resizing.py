"""Weights of one shape in the place of another: kernels resampled, other axes cut or filled up."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.errors import WeightsError

_KERNEL_AXES = 4


def resized(values: Any, now: Any) -> Any:
    """Return ``values`` in the shape of ``now``, the numbers that the net has without them.

    The height and width of kernels (O, C, h, w) are resampled: with A the linear
    interpolation between the centres of h old places at h' new ones (and B of w at w'),
    ``w' = (h w) / (h' w') A w B^T``, so that on an even picture the layer says what it said.
    Of the other axes the first min(old, new) entries are copied, and what is new there stays
    as it is in ``now``.

    Shapes:
        values, now: as many axes; returns: as now, float32.

    Raises:
        WeightsError: the numbers of axes differ.
    """
    if values.ndim != now.ndim:
        raise WeightsError(
            f"the shapes {values.shape} and {now.shape} have different numbers of axes, so one"
            " cannot be resized to the other; rename the layer to start it afresh"
        )
    found = np.array(now, np.float32)
    if values.ndim == _KERNEL_AXES and values.shape[2:] != found.shape[2:]:
        values = _resampled(values, found.shape[2:])
    common = tuple(slice(min(sides)) for sides in zip(values.shape, found.shape, strict=True))
    found[common] = values[common]
    return found


def _resampled(kernels: Any, size: Sequence[int]) -> Any:
    height, width = kernels.shape[2:]
    share = height * width / (size[0] * size[1])
    rows, columns = _between(height, size[0]), _between(width, size[1])
    return share * (rows @ np.asarray(kernels, np.float64) @ columns.T)


def _between(old: int, new: int) -> Any:
    """Return the matrix that interpolates ``old`` numbers at the centres of ``new`` places.

    Shapes:
        returns: ``(new, old)``, rows that sum to 1.
    """
    centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(old)))

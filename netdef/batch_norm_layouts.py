"""Batch normalization's weights, from the blobs of one fork to those of another.

=========  =====  ================================================================
layer      blobs
=========  =====  ================================================================
BatchNorm  3      BVLC: mean, variance, factor; a Scale layer has scale and bias
BatchNorm  5      NVCaffe: mean, variance, factor, scale, bias; in its first
                  versions scale, bias, mean, variance, factor
BN         4      PSPNet: scale, bias, mean, variance
BN         2      SegNet with bn_mode INFERENCE: scale, bias
=========  =====  ================================================================

Mean and variance are divided by the factor. SegNet's numbers hold the statistics already:
their mean is 0, and their variance such that nothing is divided.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError, at
from netdef.io.weights import LayerWeights

Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Place:
    """A batch normalization in the net, and the Scale layer behind it, if there is one."""

    name: str
    type: str
    blobs: int
    eps: float
    scale: str | None


@dataclass(frozen=True)
class _Statistics:
    """What every layout says; without scale and bias both are left to another layer."""

    mean: Numbers
    variance: Numbers
    scale: Numbers | None = None
    bias: Numbers | None = None

    def blobs(self, place: Place) -> list[Numbers]:
        """Return the blobs of the net's layer."""
        one = np.ones(1, np.float32)
        scale = np.ones_like(self.mean) if self.scale is None else self.scale
        bias = np.zeros_like(self.mean) if self.bias is None else self.bias
        if place.type == "BN":
            four = (scale, bias, self.mean, self.variance)
            return [blob.reshape(1, -1, 1, 1) for blob in four]
        return [self.mean, self.variance, one, scale, bias][: place.blobs]


def converted(
    held: Mapping[str, LayerWeights], places: Sequence[Place], in_net: Collection[str]
) -> dict[str, LayerWeights]:
    """Return the layers of a file with every batch normalization in the net's layout.

    Where one layer of the file stands for two of the net, the Scale layer gets blobs too;
    where two stand for one, the Scale layer right behind in the file is taken in, unless it
    is one of the layers ``in_net``. A layer of no layout of the table is left as it is.

    Raises:
        WeightsError: the file has scale and bias, but the net no layer for them.
    """
    result = dict(held)
    names = list(held)
    for place in places:
        layer = held.get(place.name)
        found = _read(layer.blobs, place.eps) if layer and _may_be(layer, place) else None
        if layer is None or found is None:
            continue
        behind = next(iter(names[names.index(place.name) + 1 :]), "")
        if place.blobs > 3 and _is_scale_of(found, held.get(behind)) and behind not in in_net:
            found = _with_scale(found, result.pop(behind).blobs)
        result[place.name] = replace(layer, blobs=found.blobs(place))
        if found.scale is not None and place.blobs == 3:
            with at(f"layer {place.name!r}"):
                result[_scale_of(place)] = _scale_layer(place, found)
    return result


def _may_be(layer: LayerWeights, place: Place) -> bool:
    """Say whether the blobs may need to be converted."""
    if layer.type not in ("", "BatchNorm", "BN"):
        return False
    is_same_kind = place.type == "BN" or layer.type != "BN"
    return len(layer.blobs) == 5 or not (len(layer.blobs) == place.blobs and is_same_kind)


def _read(blobs: Sequence[Any], eps: float) -> _Statistics | None:
    flat = [np.reshape(blob, -1).astype(np.float32) for blob in blobs]
    match len(flat):
        case 2:
            mean, variance = np.zeros_like(flat[0]), np.full_like(flat[0], 1 - eps)
            return _Statistics(mean, variance, *flat)
        case 3:
            return _divided(*flat)
        case 4:
            return _Statistics(flat[2], flat[3], flat[0], flat[1])
        case 5 if flat[2].size == 1:
            return replace(_divided(*flat[:3]), scale=flat[3], bias=flat[4])
        case 5 if flat[4].size == 1:
            return replace(_divided(*flat[2:]), scale=flat[0], bias=flat[1])
    return None


def _divided(mean: Numbers, variance: Numbers, factor: Numbers) -> _Statistics:
    share = np.float32(1 / factor[0] if factor.size and factor[0] else 0)
    return _Statistics(mean * share, variance * share)


def _is_scale_of(found: _Statistics, layer: LayerWeights | None) -> bool:
    if found.scale is not None or layer is None or layer.type != "Scale":
        return False
    return 1 <= len(layer.blobs) <= 2 and all(b.size == found.mean.size for b in layer.blobs)


def _with_scale(found: _Statistics, blobs: Sequence[Any]) -> _Statistics:
    scale, *bias = (np.reshape(blob, -1) for blob in blobs)
    return replace(found, scale=scale, bias=bias[0] if bias else None)


def _scale_of(place: Place) -> str:
    if place.scale is None:
        raise WeightsError(
            "has scale and bias in the file; set batch_norm_param { scale_bias: true }, or put a"
            " Scale layer with bias_term: true behind it"
        )
    return place.scale


def _scale_layer(place: Place, found: _Statistics) -> LayerWeights:
    assert found.scale is not None
    bias = np.zeros_like(found.scale) if found.bias is None else found.bias
    return LayerWeights(_scale_of(place), "Scale", [found.scale, bias])

"""Blobs of a net as features of pictures, one row for each."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from netdef.classifier import picture_input
from netdef.data.progress import Progress
from netdef.errors import ConfigError, did_you_mean
from netdef.feature_rows import FeatureFile
from netdef.net import Net
from netdef.net_cutting import kept_name
from netdef.pictures import Picture, Pictures
from netdef.preprocessing import Preprocessing

POOLS = ("none", "mean", "max")


class Rows(NamedTuple):
    """Features of some pictures by the names of their blobs, and what the pictures are."""

    names: list[str]
    labels: list[int | None]
    features: dict[str, Any]


class Extractor:
    """A net of the phase TEST, run up to the last blob that is wanted.

    The net keeps these blobs: either all, or its outputs, cut by ``netdef.net_cutting.cut_to``.
    ``pool`` takes the mean or the largest value over the places of blobs with more than two
    axes. ``shapes`` are those of a row of each blob.

    Raises:
        ConfigError: there is no such blob, or it has no row for each picture.
    """

    def __init__(
        self, net: Net, blobs: Sequence[str], preprocessing: Preprocessing, pool: str = "none"
    ) -> None:
        self._net, self._preprocessing = net, preprocessing
        self._pool = pool
        self._input = picture_input(net)
        self.takes_color = net.blobs[self._input].shape[1] == 3
        for name in blobs:
            if name not in net.blobs:
                raise ConfigError(
                    f"{net.text.path}: no blob {name!r}{did_you_mean(name, net.blobs)}"
                )
        self._read = {n: k if (k := kept_name(n)) in net.blobs else n for n in blobs}
        self._end = _last_layer(net, list(self._read.values()))
        self.shapes = {name: self._row_shape(name) for name in blobs}

    def rows(self, pictures: Sequence[Picture]) -> Rows:
        """Return the features of pictures, all in one batch.

        Raises:
            ConfigError: the preprocessing does not fit the net.
        """
        batch = np.stack([self._preprocessing.prepare(picture.pixels) for picture in pictures])
        data = self._net.blobs[self._input]
        if data.shape != batch.shape:
            data.reshape(*batch.shape)
        data.data[...] = batch
        found = self._net.forward(blobs=list(self._read.values()), end=self._end)
        features = {name: self._pooled(found[kept]) for name, kept in self._read.items()}
        names = [picture.name for picture in pictures]
        return Rows(names, [picture.label for picture in pictures], features)

    def _row_shape(self, name: str) -> tuple[int, ...]:
        shape, batch = (
            self._net.blobs[self._read[name]].shape,
            self._net.blobs[self._input].shape[0],
        )
        if not shape or shape[0] != batch:
            raise ConfigError(
                f"{self._net.text.path}: blob {name!r} has the shape {shape}, not a row for each"
                f" of {batch} pictures"
            )
        return shape[1:2] if self._pool != "none" and len(shape) > 2 else shape[1:]

    def _pooled(self, values: Any) -> Any:
        if self._pool == "none" or values.ndim <= 2:
            return np.array(values, np.float32)
        places = tuple(range(2, values.ndim))
        pooled = values.mean(places) if self._pool == "mean" else values.max(places)
        return pooled.astype(np.float32)


def _last_layer(net: Net, blobs: Sequence[str]) -> str:
    """Return the last of the layers that make the blobs."""
    ids = {net.graph.id_of(name) for name in blobs}
    return [node.name for node in net.graph.nodes if ids.intersection(node.tops)][-1]


def extract(
    extractor: Extractor,
    pictures: Pictures,
    file: FeatureFile,
    batch: int,
    progress: Progress | None = None,
) -> None:
    """Write a row for each picture that ``file`` does not hold yet, in the pictures' order.

    Raises:
        DataError: a picture cannot be read; the message names it.
        RunError: the file cannot be written.
    """
    for first in range(file.done, len(pictures), batch):
        some = pictures.read(first, batch, extractor.takes_color)
        rows = extractor.rows(some)
        file.write(rows.names, rows.labels, rows.features)
        if progress:
            progress(first + len(some), len(pictures))

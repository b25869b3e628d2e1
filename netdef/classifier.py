"""``Classifier``: what a net says of pictures."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from netdef.errors import ConfigError, DataError
from netdef.net import Net
from netdef.pictures import Picture
from netdef.preprocessing import Preprocessing

_CROPS = 10


class Prediction(NamedTuple):
    """A class, what it is called, and the net's number for it."""

    number: int
    label: str
    score: float


class Classifier:
    """A net of the phase TEST, and how pictures are prepared for it.

    The net has one input ``(N, C, *crop)``; its last output is what it says. Without
    ``labels`` classes are called by their numbers. ``oversample`` takes the mean over ten
    crops: the corners, the middle, and their mirror images.

    Raises:
        ConfigError: the net has no input, or not one of pictures.
        DataError: there are more or fewer labels than classes.
    """

    def __init__(
        self,
        net: Net,
        preprocessing: Preprocessing,
        labels: Sequence[str] = (),
        oversample: bool = False,
    ) -> None:
        self._net, self._preprocessing, self._oversample = net, preprocessing, oversample
        self._input = picture_input(net)
        self._output = net.outputs[-1]
        self.classes = int(np.prod(net.blobs[self._output].shape[1:]))
        if labels and len(labels) != self.classes:
            raise DataError(f"{len(labels)} labels for a net of {self.classes} classes")
        self.labels = list(labels) or [str(i) for i in range(self.classes)]

    @property
    def takes_color(self) -> bool:
        """Whether the net takes three channels, not one."""
        return int(self._net.blobs[self._input].shape[1]) == 3

    def scores(self, pictures: Sequence[Picture]) -> Any:
        """Return what the net says of pictures, all in one batch.

        Shapes:
            returns: ``(N, classes)`` float32.

        Raises:
            ConfigError: the preprocessing does not fit the net.
        """
        how = self._preprocessing
        if not self._oversample:
            return self._said(np.stack([how.prepare(p.pixels) for p in pictures]))
        crops = np.concatenate([how.prepare_ten(p.pixels) for p in pictures])
        return self._said(crops).reshape(-1, _CROPS, self.classes).mean(1)

    def _said(self, batch: Any) -> Any:
        return run(self._net, self._input, batch, self._output).reshape(len(batch), -1)

    def best(self, scores: Any, count: int) -> list[Prediction]:
        """Return the ``count`` classes of the highest scores, the highest first."""
        order = np.argsort(-scores, kind="stable")[:count]
        return [Prediction(int(i), self.labels[i], float(scores[i])) for i in order]


def picture_input(net: Net) -> str:
    """Return the name of the net's input of pictures, ``(N, 1 or 3, height, width)``.

    Raises:
        ConfigError: it has none.
    """
    if not net.inputs:
        raise ConfigError(
            f"{net.text.path}: the net reads its own data; give its deploy prototxt, which has"
            " an Input layer"
        )
    shape = net.blobs[net.inputs[0]].shape
    if len(shape) != 4 or shape[1] not in (1, 3):
        raise ConfigError(
            f"{net.text.path}: input {net.inputs[0]!r} has the shape {shape}; pictures are"
            " (N, 3, height, width) or (N, 1, height, width)"
        )
    return net.inputs[0]


def run(net: Net, name: str, batch: Any, wanted: str) -> Any:
    """Fill input ``name``, run forward and return a copy of the blob that is ``wanted``."""
    if net.blobs[name].shape != batch.shape:
        net.blobs[name].reshape(*batch.shape)
    return np.array(net.forward(blobs=[wanted], **{name: batch})[wanted])

"""``Detector``: what a net finds in pictures, and where."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from netdef.classifier import picture_input, run
from netdef.errors import ConfigError, DataError
from netdef.net import Net
from netdef.pictures import Picture
from netdef.preprocessing import Preprocessing

_COLUMNS = 7


class Detection(NamedTuple):
    """A thing that was found, in pixels of the picture; right and bottom are not inside."""

    number: int
    label: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


class Detector:
    """A net of the phase TEST that ends in DetectionOutput, as SSD does.

    Pictures are resized to what the net takes, whatever their proportions. ``labels`` are the
    names of the classes by their numbers, the background's too; without them classes are
    called by their numbers.

    Raises:
        ConfigError: the net has no input of pictures, or does not end in detections.
    """

    def __init__(self, net: Net, preprocessing: Preprocessing, labels: Sequence[str] = ()) -> None:
        self._net, self._preprocessing, self._labels = net, preprocessing, labels
        self._input = picture_input(net)
        kinds = {top: node.type for node in net.graph.nodes for top in node.tops}
        found = [name for name in net.outputs if kinds[name] == "DetectionOutput"]
        if not found:
            raise ConfigError(
                f"{net.text.path}: no output is of a DetectionOutput layer, so the net detects"
                " nothing; netdef classify is for nets that classify"
            )
        self._output = found[-1]

    @property
    def takes_color(self) -> bool:
        """Whether the net takes three channels, not one."""
        return self._net.blobs[self._input].channels == 3

    def detect(self, picture: Picture, threshold: float) -> list[Detection]:
        """Return what scores ``threshold`` or more, the best first.

        Boxes are clipped to the picture.

        Raises:
            ConfigError: the preprocessing does not fit the net.
            DataError: a class has no label.
        """
        batch = self._preprocessing.prepare(picture.pixels)[None]
        rows = run(self._net, self._input, batch, self._output).reshape(-1, _COLUMNS)
        height, width = picture.pixels.shape[1:]
        rows = rows[(rows[:, 1] >= 0) & (rows[:, 2] >= threshold)]
        boxes = np.clip(rows[:, 3:], 0, 1) * (width, height, width, height)
        found = [
            Detection(int(row[1]), self._label(int(row[1])), float(row[2]), *map(float, box))
            for row, box in zip(rows, boxes, strict=True)
        ]
        return sorted(found, key=lambda one: -one.score)

    def _label(self, number: int) -> str:
        if not self._labels:
            return str(number)
        if number >= len(self._labels):
            raise DataError(f"class {number} has no label; there are {len(self._labels)}")
        return self._labels[number]


def draw(pixels: np.ndarray, found: Sequence[Detection]) -> np.ndarray:
    """Return a picture with boxes, labels and scores drawn on it.

    Shapes:
        pixels: ``(C, H, W)`` uint8.
        returns: ``(H, W, 3)`` uint8, BGR.
    """
    import cv2

    image = np.ascontiguousarray(np.broadcast_to(pixels, (3, *pixels.shape[1:])).transpose(1, 2, 0))
    for one in found:
        # Colors of neighbouring numbers lie far apart on the circle of hues.
        hue = np.array([[[one.number * 67 % 180, 220, 220]]], np.uint8)
        color = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0].tolist()
        left, top, right, bottom = (round(side) for side in one[3:])
        cv2.rectangle(image, (left, top), (right - 1, bottom - 1), color, 2)
        words = f"{one.label} {one.score:.2f}".encode("ascii", "replace").decode()
        at = left + 3, max(top - 4, 12)
        cv2.putText(image, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, 1, cv2.LINE_AA)
    return image

"""Boxes and scores to detections: decoding, and dropping of boxes that overlap.

A box is xmin, ymin, xmax, ymax. All arrays are NumPy's, boxes lie along the last axis.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Numbers = NDArray[np.intp]


def decode(locations: Floats, priors: Floats, variances: Floats, code_type: str) -> Floats:
    """Return the boxes that locations stand for, relative to priors.

    With d the location times its variance and (w, h) the prior's sides, CORNER adds d to
    the corners, CORNER_SIZE d (w, h, w, h), and CENTER_SIZE moves the centre by
    ``d_1,2 (w, h)`` and multiplies the sides by ``exp(d_3,4)`` (SSD, Liu 2016).

    Shapes:
        locations: ``(..., P, 4)``; priors, variances: ``(P, 4)``; the boxes: as locations.
    """
    step: Floats = locations * variances
    sides = priors[:, 2:] - priors[:, :2]
    if code_type != "CENTER_SIZE":
        unit = 1 if code_type == "CORNER" else np.concatenate([sides, sides], axis=1)
        corners: Floats = priors + step * unit
        return corners
    centre = (priors[:, :2] + priors[:, 2:]) / 2 + step[..., :2] * sides
    half = np.exp(step[..., 2:]) * sides / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def overlaps(box: Floats, others: Floats) -> Floats:
    """Return the intersection of a box with each other, over their union (Jaccard).

    Shapes:
        box: ``(4,)``; others: ``(K, 4)``; the result: ``(K,)``.
    """
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = _area(box[None]) + _area(others) - common
    share: Floats = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return share


def _area(boxes: Floats) -> Floats:
    sides = boxes[:, 2:] - boxes[:, :2]
    area: Floats = np.prod(np.maximum(sides, 0), axis=1)
    return area


@dataclass(frozen=True)
class Selection:
    """Which boxes are detections: a few of the best scores that do not overlap too much.

    Boxes that score no more than ``least_score`` count for nothing (None: all count), then
    only the ``top_k`` best (-1: all). In the order of their scores each is kept unless it
    overlaps one kept before by more than ``overlap``, which shrinks by the factor ``eta``
    after every box that is kept, as long as it is above 0.5.
    """

    least_score: float | None
    top_k: int
    overlap: float
    eta: float

    def best(self, boxes: Floats, scores: Floats) -> Numbers:
        """Return the numbers of the boxes to keep, best first.

        Shapes:
            boxes: ``(P, 4)``; scores: ``(P,)``.
        """
        order = np.argsort(-scores, kind="stable")
        if self.least_score is not None:
            order = order[scores[order] > np.float32(self.least_score)]
        if self.top_k >= 0:
            order = order[: self.top_k]
        kept = np.empty((len(order), 4), boxes.dtype)
        numbers: list[int] = []
        limit = self.overlap
        for number in order:
            box = boxes[number]
            if numbers and overlaps(box, kept[: len(numbers)]).max() > limit:
                continue
            kept[len(numbers)] = box
            numbers.append(int(number))
            if self.eta < 1 and limit > 0.5:
                limit *= self.eta
        return np.array(numbers, np.intp)


def detections(
    boxes: Floats, scores: Floats, select: Selection, background: int, most: int
) -> Floats:
    """Return the detections of one image: rows of class, score, xmin, ymin, xmax, ymax.

    No class is ``background`` if that is -1. At most ``most`` rows are kept, those with the
    best scores (-1: all); they come class by class, in each the best first.

    Shapes:
        boxes: ``(classes, P, 4)``, or ``(1, P, 4)`` if the classes share them.
        scores: ``(P, classes)``.
        the result: ``(K, 6)``.
    """
    rows = [np.empty((0, 6), np.float32)]
    for label in range(scores.shape[1]):
        if label == background:
            continue
        own, score = boxes[label if len(boxes) > 1 else 0], scores[:, label]
        best = select.best(own, score)
        numbers = np.full((len(best), 1), label, np.float32)
        rows.append(np.concatenate([numbers, score[best, None], own[best]], axis=1))
    found = np.concatenate(rows)
    if 0 <= most < len(found):
        found = found[np.sort(np.argsort(-found[:, 1], kind="stable")[:most])]
    return found

"""What a net answers to labels: the confusion of its classes, and top k."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netdef.classifier import Classifier
from netdef.confusion import Confusion
from netdef.errors import ConfigError, DataError
from netdef.graph import Graph, Node
from netdef.net import Net
from netdef.pictures import Pictures

_TYPES = ("Accuracy", "SoftmaxWithLoss")
"""The layers that hold scores against labels, those that are looked for first."""


@dataclass(frozen=True)
class Answers:
    """The blobs that say what a net answers and what is right: the names, the classes' axis."""

    scores: str
    label: str
    axis: int
    ignored: int | None


def answers_of(graph: Graph, path: str) -> Answers:
    """Find the blobs that the last Accuracy, or else the last SoftmaxWithLoss, compares.

    Raises:
        ConfigError: the net has neither; ``path`` is its file.
    """
    for kind in _TYPES:
        found = [node for node in graph.nodes if node.type == kind]
        if found:
            return _answers(graph, found[-1])
    raise ConfigError(
        f"{path}: no layer of the phase TEST is an {_TYPES[0]} or a {_TYPES[1]}, so what is right"
        " is not known; add one to count classes"
    )


def _answers(graph: Graph, node: Node) -> Answers:
    names = {made: name for name, made in graph.blobs.items()}
    scores, label = (names.get(made) for made in node.bottoms[:2])
    if scores is None or label is None:
        raise ConfigError(f"{node}: a layer behind it writes over its scores or labels")
    axis, ignored = (getattr(node.layer, name) for name in ("axis", "ignore_label"))
    return Answers(scores, label, axis, ignored)


class ClassTest:
    """Counts the answers of a net, batch by batch.

    ``confusion`` counts the class of the highest score, ``right[k]`` the labels whose score is
    among the k highest, where a score counts as lower than all that equal it, as Accuracy does.
    Of scores with height and width every place is an answer.

    Raises:
        ConfigError: nothing says what is right, there are fewer than k classes, or another
            number of them than names.
    """

    def __init__(self, net: Net, names: Sequence[str] = (), top: Sequence[int] = ()) -> None:
        self._net, self._answers = net, answers_of(net.graph, net.text.path)
        shape = net.blobs[self._answers.scores].shape
        classes = shape[self._answers.axis]
        if net.blobs[self._answers.label].count * classes != net.blobs[self._answers.scores].count:
            raise ConfigError(
                f"{net.text.path}: blob {self._answers.label!r} has no class number for each"
                f" of the scores {self._answers.scores!r}, so classes cannot be counted"
            )
        if names and len(names) != classes:
            raise ConfigError(f"{len(names)} names of classes for a net of {classes} classes")
        if top and max(top) > classes:
            raise ConfigError(f"top {max(top)} of only {classes} classes")
        self.confusion = Confusion(list(names) or [str(i) for i in range(classes)])
        self.right = dict.fromkeys(top, 0)

    @property
    def labels(self) -> int:
        """The labels that were counted."""
        return int(self.confusion.matrix.sum())

    def top(self) -> dict[int, float]:
        """Return the part of the labels that is among the k highest scores, by k."""
        return {k: count / max(self.labels, 1) for k, count in self.right.items()}

    def count(self) -> None:
        """Take in the batch that the net's blobs hold.

        Raises:
            DataError: a label is no class.
        """
        scores = np.moveaxis(self._net.blobs[self._answers.scores].data, self._answers.axis, -1)
        scores = scores.reshape(-1, scores.shape[-1])
        labels = self._net.blobs[self._answers.label].data.ravel().astype(np.int64)
        counted = labels != self._answers.ignored
        scores, labels = scores[counted], labels[counted]
        if len(labels) and not 0 <= labels.min() <= labels.max() < scores.shape[1]:
            strange = labels[(labels < 0) | (labels >= scores.shape[1])][0]
            raise DataError(f"label {strange} is none of the {scores.shape[1]} classes")
        self.confusion.count(labels, scores.argmax(1))
        places = _places(scores, labels)
        for k in self.right:
            self.right[k] += int((places < k).sum())


def _places(scores: Any, labels: Any) -> Any:
    """Return how many scores are not below each label's own, itself left out.

    Shapes:
        scores: ``(N, C)``; labels: ``(N,)``; returns: ``(N,)``.
    """
    own = np.take_along_axis(scores, labels[:, None], 1)
    return (scores >= own).sum(1) - 1


def confusion_of(classifier: Classifier, pictures: Pictures, batch: int) -> Confusion:
    """Return what a classifier takes labelled pictures for, each counted once.

    Raises:
        DataError: a picture cannot be read, or has no class.
    """
    found = Confusion(classifier.labels)
    for first in range(0, len(pictures), batch):
        some = pictures.read(first, batch, classifier.takes_color)
        labels = [picture.label for picture in some if picture.label is not None]
        if len(labels) < len(some):
            name = next(picture.name for picture in some if picture.label is None)
            raise DataError(f"{name}: has no class, so what is right is not known")
        found.count(labels, classifier.scores(some).argmax(1))
    return found

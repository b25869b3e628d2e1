"""What a classifier takes for what: the matrix, scores of each class, a drawing."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from netdef.io.whole_file import writing_whole

Matrix = np.ndarray[Any, Any]


class ClassScores(NamedTuple):
    """Of one class: its pictures, and the parts that precision, recall and F1 are."""

    name: str
    pictures: int
    precision: float
    recall: float
    f1: float


class Confusion:
    """Counts ``matrix[label, answer]`` over the pictures of a test."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = list(classes)
        self.matrix: Matrix = np.zeros((len(classes), len(classes)), np.int64)

    def count(self, labels: Sequence[int], answers: Sequence[int]) -> None:
        """Take in the labels of some pictures and what was answered."""
        np.add.at(self.matrix, (np.asarray(labels), np.asarray(answers)), 1)

    @property
    def accuracy(self) -> float:
        """The part of the pictures that was answered rightly; 0 of none."""
        return float(np.trace(self.matrix) / max(self.matrix.sum(), 1))

    def scores(self) -> list[ClassScores]:
        """Return the scores of each class; a part of nothing is 0."""
        right = np.diag(self.matrix)
        given, answered = self.matrix.sum(1), self.matrix.sum(0)
        recall, precision = right / np.maximum(given, 1), right / np.maximum(answered, 1)
        f1 = 2 * right / np.maximum(given + answered, 1)
        columns = zip(self.classes, given, precision, recall, f1, strict=True)
        return [ClassScores(n, int(g), float(p), float(r), float(f)) for n, g, p, r, f in columns]


def write_matrix(path: Path, confusion: Confusion) -> None:
    """Write the matrix as CSV: a line for each label, a column for each answer."""
    rows = [["label", *confusion.classes]]
    for name, row in zip(confusion.classes, confusion.matrix.tolist(), strict=True):
        rows.append([name, *map(str, row)])
    _write_csv(path, rows)


def write_scores(path: Path, confusion: Confusion) -> None:
    """Write the scores of each class as CSV."""
    lines = [
        [s.name, str(s.pictures), *(f"{value:.4f}" for value in s[2:])] for s in confusion.scores()
    ]
    _write_csv(path, [list(ClassScores._fields), *lines])


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    with writing_whole(path) as file:
        file.write(text.getvalue().encode())

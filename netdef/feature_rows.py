"""What takes rows of features in, of whatever kind its file is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

NO_LABEL = -1
"""The class of a picture whose class is not known."""

Features = Mapping[str, Any]
Labels = Sequence[int | None]


class FeatureFile(ABC):
    """Takes rows in; ``done`` rows were there before."""

    done = 0

    @abstractmethod
    def write(self, names: Sequence[str], labels: Labels, features: Features) -> None:
        """Add rows; each of ``features`` has one for each name."""


def known_labels(labels: Labels) -> list[int]:
    """Return the labels with ``NO_LABEL`` for those that are not known."""
    return [NO_LABEL if label is None else label for label in labels]

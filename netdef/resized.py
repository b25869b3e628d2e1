"""Tops of other shapes than the plan has them."""

from collections.abc import Iterable
from typing import Any


class Resized(Exception):
    """A layer made tops of other shapes than planned; what it made, by blob id."""

    def __init__(self, node: int, tops: dict[str, Any]) -> None:
        super().__init__(node, tops)
        self.node, self.tops = node, tops


def are_resized(made: Iterable[Any], planned: Iterable[Any]) -> bool:
    """Tell whether any array has another shape than the one that was planned for it."""
    return any(a.shape != goal.shape for a, goal in zip(made, planned, strict=True))

"""What a picture of a net shows, wherever its boxes come to stand."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["data", "weights", "window", "norm", "loss", "other", "blob"]

COLORS: dict[Kind, str] = {
    "data": "#d7e3f4",
    "weights": "#ffe0b5",
    "window": "#e3d7f2",
    "norm": "#d5ece6",
    "loss": "#f6cfcf",
    "other": "#eef2d8",
    "blob": "#ffffff",
}
FROZEN_COLOR = "#e4e4e4"
PHASE_COLORS = {"": "#444444", "TRAIN": "#1565c0", "TEST": "#c05015"}
"""Of borders and edges; those of both phases have the first."""


@dataclass(frozen=True)
class Box:
    """A layer, or a blob that no layer reads.

    ``phase`` is empty for what both phases have, or where one phase alone is drawn.
    """

    key: str
    title: str
    lines: tuple[str, ...]
    kind: Kind
    phase: str = ""
    is_frozen: bool = False
    is_in_place: bool = False

    @property
    def color(self) -> str:
        """What it is filled with."""
        return FROZEN_COLOR if self.is_frozen else COLORS[self.kind]


@dataclass(frozen=True)
class Edge:
    """A blob on its way from the layer that makes it to one that reads it."""

    tail: str
    head: str
    lines: tuple[str, ...]
    phase: str = ""


@dataclass(frozen=True)
class Diagram:
    """Boxes in the order that layers run, and the edges between them."""

    name: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    has_both_phases: bool = False

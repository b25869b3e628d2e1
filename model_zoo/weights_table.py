"""The table of trained weights that are public or come with the package: weights.tsv."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from netdef.errors import unknown


@dataclass(frozen=True)
class Published:
    """Weights that somebody published, or that come with the package: these have no ``url``.

    ``net`` is the net of the zoo that they fit, ``classes`` the list of what the net tells
    apart; both are empty where there is none. ``checksum`` is ``kind:digits``. Of an image the
    net takes ``size`` pixels each way (empty: any) in the ``channel_order`` bgr, rgb or gray
    (empty: not told), less the ``mean`` of each channel (``image``: a mean image that came with
    the weights), times ``scale``.
    """

    name: str
    net: str
    url: str
    checksum: str
    licence: str
    size: str
    channel_order: str
    mean: str
    scale: str
    classes: str

    @property
    def input(self) -> str:
        """What the net expects of an image, in words."""
        words = [
            f"{self.size}x{self.size} pixels" if self.size else "",
            self.channel_order,
            "a mean image" if self.mean == "image" else f"mean {self.mean}",
            f"scale {self.scale}",
        ]
        return ", ".join(word for word in words if word not in ("", "mean 0", "scale 1"))


@cache
def table() -> tuple[Published, ...]:
    """Return all rows of weights.tsv."""
    path = Path(__file__).with_name("weights.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Published(**row) for row in csv.DictReader(file, delimiter="\t"))


def published(name: str) -> Published:
    """Return weights by their own name, or by that of the net they fit.

    Raises:
        UnknownType: the table has none.
    """
    rows = table()
    for row in (*(r for r in rows if r.name == name), *(r for r in rows if r.net == name)):
        return row
    raise unknown("published weights", name, {r.name for r in rows} | {r.net for r in rows} - {""})

"""The table of trained weights that are public: weights.tsv."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from netdef.errors import unknown


@dataclass(frozen=True)
class Published:
    """Weights that somebody published.

    ``net`` is the net of the zoo that they fit, ``classes`` the list of what the net tells
    apart; both are empty where there is none. ``checksum`` is ``kind:digits``, ``input`` what
    the net expects of an image.
    """

    name: str
    net: str
    url: str
    checksum: str
    licence: str
    input: str
    classes: str


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

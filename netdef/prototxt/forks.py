"""Which forks of Caffe know a field that netdef does not."""

from functools import cache
from pathlib import Path


@cache
def _table() -> dict[tuple[str, str], list[str]]:
    table = {}
    for row in Path(__file__).with_name("forks.tsv").read_text().splitlines():
        place, name, forks = row.split("\t")
        table[place, name] = forks.split(", ")
    return table


def whose(place: str, name: str) -> str:
    """Return ``; only the forks A and B have it`` for a field or enum value, or nothing.

    ``place`` is the message or enum: ``LayerParameter``, ``PoolingParameter.Engine``.
    """
    forks = _table().get((place, name))
    if not forks:
        return ""
    if len(forks) == 1:
        return f"; only the fork {forks[0]} has it"
    return f"; only the forks {', '.join(forks[:-1])} and {forks[-1]} have it"

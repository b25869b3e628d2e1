"""What a database holds: sizes, labels, and records that are damaged."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from netdef.data.database import open_database, records
from netdef.data.datum import Label, label_of, parse, pixels
from netdef.data.lmdb_reader import key_text
from netdef.data.progress import Progress, Tally
from netdef.errors import NetdefError
from netdef.proto import Datum
from netdef.shape import Shape


@dataclass
class Survey:
    """Counts over all records of a database; ``damaged`` has keys and reasons."""

    records: int = 0
    bytes: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    shapes: Counter[Shape] = field(default_factory=Counter)
    labels: Counter[Label] = field(default_factory=Counter)
    damaged: list[tuple[str, str]] = field(default_factory=list)


def survey(path: str | Path, progress: Progress | None = None) -> Survey:
    """Look at every record of a database; encoded images are decoded.

    Raises:
        MissingFile: there is no database.
        DataError: it is damaged in such a way that its records cannot be reached.
    """
    found = Survey()
    with closing(open_database(path)) as database:
        tally = Tally(progress, database.entries)
        for key, value in records(database):
            found.records += 1
            found.bytes += len(value)
            try:
                datum = parse(value)
                image = pixels(datum)
            except NetdefError as error:
                found.damaged.append((key_text(key), str(error)))
            else:
                found.kinds[_kind(datum)] += 1
                found.shapes[Shape(image.shape)] += 1
                found.labels[label_of(datum)] += 1
            tally.count()
    return found


def _kind(datum: Datum) -> str:
    return "image files" if datum.encoded else "bytes" if datum.data else "floats"


def samples(path: str | Path, count: int) -> Iterator[tuple[np.ndarray, Label]]:
    """Yield the pixels and labels of so many records, evenly spread over a database."""
    with closing(open_database(path)) as database:
        count = min(count, database.entries)
        for i in range(count):
            ((_, value),) = database.read(i * database.entries // count, 1)
            datum = parse(value)
            yield pixels(datum), label_of(datum)

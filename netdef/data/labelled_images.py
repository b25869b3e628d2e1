"""Labelled images in memory to an LMDB, as Caffe's converters of MNIST and CIFAR-10 write them."""

from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from netdef.data.database_writer import refuse_existing
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.data.progress import Progress, Tally
from netdef.data.run_name import run_name
from netdef.errors import cannot_write


class LabelledImages(NamedTuple):
    """Images and their classes, and how many digits the keys of a database of them have.

    Shapes:
        images: ``(N, C, H, W)`` uint8.
        labels: ``(N,)`` integers.
    """

    images: np.ndarray
    labels: np.ndarray
    key_digits: int = 8

    @property
    def name(self) -> str:
        """What tells these images and labels from others."""
        parts = (np.ascontiguousarray(array) for array in (self.images, self.labels))
        return run_name(self.key_digits, *(sha256(part.data).hexdigest() for part in parts))

    def put(self, database: LmdbWriter, tally: Tally) -> None:
        """Add the images to a database; their keys are their numbers, from 0."""
        for number, label in enumerate(self.labels.tolist()):
            value = encode(self.images[number], label, says_encoded=False)
            database.put(b"%0*d" % (self.key_digits, number), value)
            tally.count()


def write_parts(parts: dict[Path, LabelledImages], progress: Progress | None) -> None:
    """Write each part to an LMDB at its path, whose folder is made if need be.

    They stand there when all are whole; a run that was killed is gone on with by the same call.

    Raises:
        ConfigError: one of the databases is there already; none is written then.
        RunError: the databases cannot be written.
    """
    for path in parts:
        refuse_existing(path)
    tally = Tally(progress, sum(len(part.labels) for part in parts.values()))
    with ExitStack() as opened:
        for path, part in parts.items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(path.parent, error) from error
            part.put(opened.enter_context(LmdbWriter(path, part.name)), tally)

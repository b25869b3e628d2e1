"""What a data layer asks of whatever feeds it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from netdef.shape import Shape

State = Mapping[str, int | bytes]
"""Where a source stands: numbers by their names, and ``record``, the key of a database's record."""


class Source(Protocol):
    """An endless row of batches whose position can be kept and returned to.

    ``shapes`` holds the shape of each top of one batch; it is known before anything runs. A
    batch of one image may have another.
    """

    shapes: tuple[Shape, ...]

    @property
    def records(self) -> int | None:
        """How many there are before the first one comes again; None where nobody knows."""

    def next(self) -> tuple[np.ndarray, ...]:
        """Return the next batch, one float32 array a top; valid until the next call."""

    def state(self) -> State:
        """Return the position of what has been handed out, not of what was read ahead."""

    def restore(self, state: State) -> None:
        """Go on from ``state``: the following batches equal those of an unbroken run.

        Raises:
            DataError: the data are not those that ``state`` was taken of.
        """

    def begin_pass(self) -> None:
        """Go back to the first record, and again after the batch that holds the last one.

        That batch is filled up with records that count for nothing. Only where ``records`` is
        known; ``restore`` ends it.
        """

    def close(self) -> None:
        """Stop reading ahead and let the files go; may be called twice."""


def is_constant(source: Source) -> bool:
    """Tell whether all batches of a source are the same: its ``is_constant``, if it has one."""
    return getattr(source, "is_constant", False)

"""Every n-th batch of a source: one of the shares that several nets take of the same data."""

import numpy as np

from netdef.data.prefetched_source import PrefetchedSource
from netdef.data.source import Source, State


def share_of(source: Source, number: int, of: int) -> Source:
    """Return a source of the ``number``-th of each ``of`` batches of a source just opened."""
    if isinstance(source, PrefetchedSource):
        source.take_share(number, of)
        return source
    return Share(source, number, of)


class Share:
    """A share of a source that knows of none: it makes the other batches too, and leaves them.

    ``state`` counts all, as of a source that takes all: it is behind the last share.
    """

    def __init__(self, source: Source, number: int, of: int) -> None:
        self._source, self._number, self._of = source, number, of
        self._to_leave = 0
        self.shapes = source.shapes

    @property
    def records(self) -> int | None:
        """How many there are before the first one comes again; None where nobody knows."""
        return self._source.records

    def next(self) -> tuple[np.ndarray, ...]:
        """Return its next batch; valid until the next call of this or ``state``."""
        self._leave(self._to_leave + self._number)
        self._to_leave = self._of - 1 - self._number
        return self._source.next()

    def _leave(self, batches: int) -> None:
        for _ in range(batches):
            self._source.next()
        self._to_leave = 0

    def state(self) -> State:
        """Return the position behind the batches of all shares."""
        self._leave(self._to_leave)
        return self._source.state()

    def restore(self, state: State) -> None:
        """Go on from ``state``, with this share."""
        self._source.restore(state)
        self._to_leave = 0

    def begin_pass(self) -> None:
        """Go back to the first record."""
        self._source.begin_pass()
        self._to_leave = 0

    def close(self) -> None:
        """Close the source."""
        self._source.close()

"""A source of numbered records that threads read ahead."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from netdef.data.prefetch import Batch, Prefetcher
from netdef.data.source import State
from netdef.shape import Shape

AHEAD = 4
"""Batches that are made before they are asked for, where nobody says how many."""


class PrefetchedSource(ABC):
    """Batches of records in the order of their numbers, read ahead by threads.

    A subclass says in ``_read`` what belongs to the batch that begins with a record, which
    is asked in order, and in ``_fill`` makes the batch of it, which threads may do at once.
    """

    def __init__(
        self,
        shapes: tuple[Shape, ...],
        batch_size: int,
        *,
        records: int | None,
        first: int = 0,
        ahead: int = AHEAD,
        threads: int = 1,
    ) -> None:
        self.shapes, self.records = shapes, records
        self._batch_size = batch_size
        self._position = self._upcoming = first
        self._in_passes = False
        self._prefetcher = Prefetcher(self._next_read, self._fill, self._new_batch, ahead, threads)

    def next(self) -> Batch:
        """Return the next batch; valid until the next call."""
        try:
            batch = self._prefetcher.next()
        except BaseException:
            self.restore(self.state())
            raise
        self._position = self._behind(self._position)
        return batch

    def state(self) -> State:
        """Return ``position``: how many records were handed out, skipped ones included."""
        return {"position": self._position}

    def restore(self, state: State) -> None:
        """Go on behind the record that ``state`` counts up to."""
        self._prefetcher.stop()
        self._position = self._upcoming = int(state["position"])
        self._in_passes = False

    def begin_pass(self) -> None:
        """Go back to the first record, and again after the batch that holds the last one.

        At the end of a pass nothing is to do: what was read ahead is the next one.
        """
        if not self._in_passes or self._position:
            self.restore({"position": 0})
            self._in_passes = True

    def close(self) -> None:
        """Stop the threads; may be called twice."""
        self._prefetcher.stop()

    def _new_batch(self) -> Batch:
        return tuple(np.empty(shape, np.float32) for shape in self.shapes)

    def _next_read(self) -> Any:
        raw = self._read(self._upcoming)
        self._upcoming = self._behind(self._upcoming)
        return raw

    def _behind(self, first: int) -> int:
        """Return the record that follows the batch that begins with ``first``."""
        following = first + self._batch_size
        ends = self._in_passes and self.records is not None and following >= self.records
        return 0 if ends else following

    def _fitting(self, batch: Batch, top: Shape) -> Batch:
        """Return the batch, or, if its one image has another shape, a new one for that."""
        if batch[0].shape[1:] == top:
            return batch
        return (np.empty((1, *top), np.float32), *batch[1:])

    @abstractmethod
    def _read(self, first: int) -> Any:
        """Return what the batch that begins with record ``first`` is made of."""

    @abstractmethod
    def _fill(self, raw: Any, batch: Batch) -> Batch:
        """Make a batch of what ``_read`` returned: in ``batch``, or of other shapes a new one."""

"""A source of numbered records that threads read ahead."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np

from netdef.data.finish import Finish
from netdef.data.prefetch import Batch, Prefetcher
from netdef.data.source import State
from netdef.shape import Shape

AHEAD = 4
"""Batches that are made before they are asked for, where nobody says how many."""


class Carrier(Protocol):
    """What brings batches to a device while the device computes."""

    def parcel(self, like: Batch) -> Batch:
        """Return a buffer for batches of such arrays, from which they can travel."""

    def free(self, parcel: Batch) -> None:
        """Return when the buffer may be written to: what it held has arrived."""

    def send(self, parcel: Batch) -> None:
        """Begin to copy what the buffer holds to the device."""

    def close(self) -> None:
        """Return when nothing is under way."""


class PrefetchedSource(ABC):
    """Batches of records in the order of their numbers, read ahead by threads.

    A subclass says in ``_read`` what belongs to the batch that begins with a record, which
    is asked in order, and in ``_fill`` makes the batch of it, which threads may do at once.
    """

    finish: Finish | None = None
    """What is left to do with the images of a batch; None if they are finished."""

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
        self._share, self._shares = 0, 1
        self._carrier: Carrier | None = None
        self._prefetcher = Prefetcher(self._next_read, self._make, self._buffer, ahead, threads)

    def leave_images(self) -> Finish | None:
        """Hand out images as bytes from now on, if it can; see ``ImageBatches``."""
        return None

    def send_by(self, carrier: Carrier) -> None:
        """Let batches travel to a device as soon as they are made; call it before the first."""
        self._carrier = carrier

    def take_share(self, number: int, of: int) -> None:
        """Hand out only the ``number``-th of each ``of`` batches; call it before the first.

        The others are left to sources that take the other shares. Positions count the records
        of all, so that one holds for each of them, and for a source that takes all.
        """
        self._share, self._shares = number, of

    @property
    def is_behind_all(self) -> bool:
        """True if the batch it handed out last is the last of those its position counts."""
        return self._share == self._shares - 1

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
        if self._carrier is not None:
            self._carrier.close()

    def _new_batch(self) -> Batch:
        return tuple(np.empty(shape, np.float32) for shape in self.shapes)

    def _buffer(self) -> Batch:
        batch = self._new_batch()
        return batch if self._carrier is None else self._carrier.parcel(batch)

    def _make(self, raw: Any, buffer: Batch) -> Batch:
        """Make a batch; one that is in its buffer, as usual, begins to travel."""
        if self._carrier is None:
            return self._fill(raw, buffer)
        self._carrier.free(buffer)
        batch = self._fill(raw, buffer)
        if any(array is not own for array, own in zip(batch, buffer, strict=True)):
            return batch
        self._carrier.send(buffer)
        return buffer

    def _next_read(self) -> Any:
        raw = self._read(self._upcoming + self._share * self._batch_size)
        self._upcoming = self._behind(self._upcoming)
        return raw

    def _behind(self, first: int) -> int:
        """Return the record that follows the batches, one a share, that begin with ``first``."""
        following = first + self._shares * self._batch_size
        ends = self._in_passes and self.records is not None and following >= self.records
        return 0 if ends else following

    @abstractmethod
    def _read(self, first: int) -> Any:
        """Return what the batch that begins with record ``first`` is made of."""

    @abstractmethod
    def _fill(self, raw: Any, batch: Batch) -> Batch:
        """Make a batch of what ``_read`` returned: in ``batch``, or of other shapes a new one."""

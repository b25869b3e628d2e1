"""Batches on their way to a GPU: pinned memory, and a stream of their own."""

from contextlib import suppress
from types import ModuleType
from typing import Any
from weakref import finalize

import numpy as np

from netdef.data.prefetch import Batch
from netdef.device import Device
from netdef.out_of_memory import allocating

_ALIGNMENT = 256
"""Bytes. Every array of a batch begins where a GPU reads fastest."""


class Parcel(tuple[np.ndarray, ...]):
    """A batch in pinned memory that has a place on the device: all its arrays go in one copy.

    It goes round: ``free`` it, write to its arrays, let a ``Carrier`` send it; ``receive`` it on
    the stream that computes, read its arrays there, ``release`` it. Nothing of it waits for the
    GPU but ``free``, and that only while the copy of before is under way.
    """

    def __new__(cls, device: Device, here: Batch, *_: Any) -> "Parcel":
        return super().__new__(cls, here)

    def __init__(
        self, device: Device, here: Batch, there: tuple[Any, ...], blocks: tuple[Any, Any]
    ) -> None:
        self.device, self._there, self.blocks = device, there, blocks
        cuda = self._cuda = device.xp.cuda
        # A thread that waits for a copy lets others work.
        self.arrived = cuda.Event(block=True, disable_timing=True)
        self.read = cuda.Event(block=True, disable_timing=True)
        # What used this memory of the device before may still be under way.
        self.release()

    def free(self) -> None:
        """Return when it may be written to: what it held has arrived."""
        self.arrived.synchronize()

    def receive(self) -> tuple[Any, ...]:
        """Let the current stream go on when the batch is there; return its arrays there."""
        self._cuda.get_current_stream().wait_event(self.arrived)
        return self._there

    def release(self) -> None:
        """Let the next copy begin behind what the current stream has been given to do so far."""
        self.read.record(self._cuda.get_current_stream())


class Carrier:
    """Copies batches to a GPU by a stream of its own, while another one computes.

    Threads may send while another receives.
    """

    def __init__(self, device: Device) -> None:
        self._device, self._cuda = device, device.xp.cuda
        self._stream = self._cuda.Stream(non_blocking=True)
        self._parcels: list[Parcel] = []
        # Nobody else may get the memory while a copy is under way.
        finalize(self, _wait, self._cuda, self._stream).atexit = False

    def parcel(self, like: Batch) -> Parcel:
        """Return a new parcel of arrays that have the shapes and types, and lie, like these.

        Raises:
            RunError: there is no room for it.
        """
        starts = np.cumsum([0, *(-(-a.nbytes // _ALIGNMENT) * _ALIGNMENT for a in like)]).tolist()
        size = starts[-1]
        with allocating(self._device, "a batch on its way", size):
            here = np.ndarray(size, np.uint8, buffer=self._cuda.alloc_pinned_memory(size))
            there = self._device.xp.empty(size, np.uint8)
        pairs = list(zip(starts, like, strict=False))
        arrays = tuple(_laid(here, start, array) for start, array in pairs)
        on_device = tuple(_laid(there, start, array) for start, array in pairs)
        parcel = Parcel(self._device, arrays, on_device, (here, there))
        self._parcels.append(parcel)
        return parcel

    def free(self, parcel: Batch) -> None:
        """Return when a parcel may be written to."""
        assert isinstance(parcel, Parcel)
        parcel.free()

    def send(self, parcel: Batch) -> None:
        """Begin to copy a parcel to the device, once what lies there has been read."""
        assert isinstance(parcel, Parcel)
        here, there = parcel.blocks
        with self._device.made_current():
            self._stream.wait_event(parcel.read)
            there.set(here, stream=self._stream)
            parcel.arrived.record(self._stream)

    def close(self) -> None:
        """Return when nothing is under way, and nothing reads what has arrived."""
        _wait(self._cuda, self._stream, *(parcel.read for parcel in self._parcels))


def _wait(cuda: ModuleType, *awaited: Any) -> None:
    """Return when streams and events are done; or if the GPU failed, of which others tell."""
    with suppress(cuda.runtime.CUDARuntimeError):
        for each in awaited:
            each.synchronize()


def _laid(block: Any, start: int, like: np.ndarray) -> Any:
    """Return a part of a block of bytes as an array whose numbers lie like those of another."""
    order = sorted(range(like.ndim), key=lambda axis: -like.strides[axis])
    flat = block[start : start + like.nbytes].view(like.dtype)
    return flat.reshape([like.shape[axis] for axis in order]).transpose(
        np.argsort(order).tolist() or None
    )

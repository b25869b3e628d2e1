"""NCCL, which lets the GPUs of a machine exchange arrays without the host."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from netdef.device import Device
from netdef.errors import DeviceError, RunError

_MEND = "pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is; or train on one GPU"


def load(xp: ModuleType) -> Any:
    """Return CuPy's module for NCCL.

    Raises:
        DeviceError: NCCL's library is not there.
    """
    with warnings.catch_warnings(record=True) as heard:  # CuPy warns, and goes on without it
        warnings.simplefilter("always")
        nccl = import_module(f"{xp.__name__}.cuda.nccl")
    if not nccl.available:
        lines = [line for each in heard for line in str(each.message).splitlines()]
        why = "".join(f" ({line.strip()})" for line in lines if line.startswith("Reason"))
        raise DeviceError(f"several GPUs need NCCL, which cannot be loaded{why}; {_MEND}")
    return nccl


class Communicators:
    """NCCL's communicators of some GPUs, all driven by this thread.

    What each GPU is told to do waits in a stream of its own, beside the one that computes.

    Raises:
        DeviceError: NCCL is not there, or the GPUs cannot reach each other.
    """

    def __init__(self, devices: Sequence[Device]) -> None:
        self._devices = list(devices)
        self._nccl = load(devices[0].xp)
        try:
            numbers = [device.number for device in devices]
            with devices[0].made_current():
                self._comms = self._nccl.NcclCommunicator.initAll(numbers)
        except self._nccl.NcclError as error:
            raise DeviceError(
                f"the GPUs {', '.join(map(str, numbers))} cannot work together ({error});"
                " NCCL_DEBUG=WARN in the environment says why; or train on one GPU"
            ) from error
        self._streams, self._events = [], []
        for device in devices:
            with device.made_current():
                self._streams.append(device.xp.cuda.Stream(non_blocking=True))
                self._events.append(device.xp.cuda.Event(disable_timing=True))

    def follow(self, rank: int) -> None:
        """Let what is exchanged next wait for all that the GPU has been given to compute."""
        device, event = self._devices[rank], self._events[rank]
        with device.made_current():
            event.record(device.xp.cuda.get_current_stream())
            self._streams[rank].wait_event(event)

    def lead(self) -> None:
        """Let what the GPUs are given to compute next wait for all that was exchanged."""
        for device, stream, event in zip(self._devices, self._streams, self._events, strict=True):
            with device.made_current():
                event.record(stream)
                device.xp.cuda.get_current_stream().wait_event(event)

    def average(self, arrays: Sequence[Sequence[Any]]) -> None:
        """Put the mean over the GPUs in the place of each of some float32 arrays.

        ``arrays`` has a row for each GPU. The mean is the same on all, bit for bit.
        """
        nccl = self._nccl
        with self._together():
            for comm, row, stream in zip(self._comms, arrays, self._streams, strict=True):
                for array in row:
                    at = array.data.ptr
                    comm.allReduce(at, at, array.size, nccl.NCCL_FLOAT32, nccl.NCCL_AVG, stream.ptr)

    def broadcast(self, arrays: Sequence[Sequence[Any]]) -> None:
        """Put the first GPU's float32 arrays in the place of those of the others."""
        nccl = self._nccl
        with self._together():
            for comm, row, stream in zip(self._comms, arrays, self._streams, strict=True):
                for array in row:
                    at = array.data.ptr
                    comm.broadcast(at, at, array.size, nccl.NCCL_FLOAT32, 0, stream.ptr)

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Hand over as one what all GPUs are told: one alone would wait for the others for ever.

        Raises:
            RunError: NCCL fails.
        """
        try:
            with self._devices[0].made_current():
                self._nccl.groupStart()
                yield
                self._nccl.groupEnd()
        except self._nccl.NcclError as error:
            raise _failure(error) from error

    def check(self) -> None:
        """See whether all that was exchanged so far went well.

        Raises:
            RunError: it did not.
        """
        try:
            for comm in self._comms:
                comm.check_async_error()
        except self._nccl.NcclError as error:
            raise _failure(error) from error


def _failure(error: Exception) -> RunError:
    return RunError(
        f"the GPUs can no longer reach each other ({error}); see nvidia-smi and, with"
        " NCCL_DEBUG=WARN in the environment, what NCCL says, then go on from the last snapshot"
    )

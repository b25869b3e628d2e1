"""What stands for ``cupy.cuda.nccl``: exchanges between GPUs that are on the CPU.

Calls take what CuPy's take, in their order. Where NCCL would wait for ever, because GPUs are told
different things or one alone is, this fails.
"""

import ctypes
from types import ModuleType
from typing import Any

import numpy as np

from tests.engines.late_streams import LateEvent

NCCL_SUM, NCCL_AVG = 0, 4
NCCL_UINT8, NCCL_FLOAT32 = 1, 7
_TYPES = {NCCL_UINT8: np.uint8, NCCL_FLOAT32: np.float32}


class NcclError(RuntimeError):
    """An error of NCCL's."""

    def __init__(self, status: int) -> None:
        self.status = status
        names = {1: "UNHANDLED_CUDA_ERROR", 4: "INVALID_ARGUMENT", 5: "INVALID_USAGE"}
        super().__init__(f"NCCL_ERROR_{names[status]}: refused by the stand-in")


def nccl(machine: Any) -> ModuleType:
    """Return the module for a machine; its ``faults`` are raised by ``check_async_error``."""
    module = ModuleType("cupy.cuda.nccl")
    module.available, module.faults = True, []
    module.NcclError = NcclError
    for name in ("NCCL_SUM", "NCCL_AVG", "NCCL_UINT8", "NCCL_FLOAT32"):
        setattr(module, name, globals()[name])
    calls: list[tuple[Any, ...]] = []
    depth = [0]

    class NcclCommunicator:
        def __init__(self, rank: int, clique: list[Any], number: int) -> None:
            self.rank, self.clique, self.number = rank, clique, number

        @staticmethod
        def initAll(devices: Any) -> list[Any]:
            if not isinstance(devices, list | int):
                raise ValueError('"devices" should be an int or a list of int.')
            numbers = devices if isinstance(devices, list) else list(range(devices))
            if len(set(numbers)) < len(numbers) or max(numbers) >= len(machine.names):
                raise NcclError(5)
            comms: list[Any] = []
            comms += [NcclCommunicator(rank, comms, n) for rank, n in enumerate(numbers)]
            return comms

        def allReduce(
            self, sendbuf: int, recvbuf: int, count: int, datatype: int, op: int, stream: int
        ) -> None:
            assert op in (NCCL_SUM, NCCL_AVG)
            self._call("allReduce", sendbuf, recvbuf, count, datatype, op, stream)

        def broadcast(
            self, sendbuff: int, recvbuff: int, count: int, datatype: int, root: int, stream: int
        ) -> None:
            self._call("broadcast", sendbuff, recvbuff, count, datatype, root, stream)

        def check_async_error(self) -> None:
            if module.faults:
                raise module.faults[0]

        def _call(
            self, kind: str, read: int, written: int, count: int, datatype: int, how: int, to: int
        ) -> None:
            assert all(type(n) is int for n in (read, written, count, datatype, how, to))
            assert depth[0] or len(self.clique) == 1, f"{kind} of one GPU waits for the others"
            assert to, "the null stream is that of the GPU that is current, not of this one"
            if machine.streams[to].device_id != self.number:
                raise NcclError(1)
            size = count * np.dtype(_TYPES[datatype]).itemsize
            for start in (read, written) if size else ():
                if machine.number_of(start, start + size) != self.number:
                    raise NcclError(4)
            stream = machine.streams[to]
            calls.append((self, kind, (count, datatype, how), read, written, stream))

    def start() -> None:
        depth[0] += 1

    def end() -> None:
        depth[0] -= 1
        if not depth[0]:
            told, calls[:] = list(calls), []
            _exchange(told)

    module.NcclCommunicator = NcclCommunicator
    module.groupStart, module.groupEnd = start, end
    return module


def _exchange(told: list[tuple[Any, ...]]) -> None:
    if not told:
        return
    clique = told[0][0].clique
    rows = [[call for call in told if call[0] is comm] for comm in clique]
    kinds = [[call[1:3] for call in row] for row in rows]
    assert all(own == kinds[0] for own in kinds), f"the GPUs are told different things: {kinds}"
    for together in zip(*rows, strict=True):
        _meet(together)


def _meet(together: tuple[tuple[Any, ...], ...]) -> None:
    """Let the streams wait for each other, one do the work, and all go on behind it."""
    streams = [call[-1] for call in together]
    for stream in streams[1:]:
        streams[0].wait_event(_mark(stream))
    streams[0].submit(lambda: _do(together))
    done = _mark(streams[0])
    for stream in streams[1:]:
        stream.wait_event(done)


def _mark(stream: Any) -> Any:
    event = LateEvent()
    LateEvent.record(event, stream)
    return event


def _do(together: tuple[tuple[Any, ...], ...]) -> None:
    (count, datatype, how), kind = together[0][2], together[0][1]
    reads, writes = ([_memory(call[i], count, datatype) for call in together] for i in (3, 4))
    if kind == "broadcast":
        result = reads[how].copy()
    else:
        result = np.sum(reads, axis=0, dtype=_TYPES[datatype])
        if how == NCCL_AVG:
            result = result * np.float32(1 / len(reads))
    for array in writes:
        array[...] = result


def _memory(start: int, count: int, datatype: int) -> np.ndarray:
    kind = np.dtype(_TYPES[datatype])
    if not count:
        return np.empty(0, kind)
    block = (ctypes.c_ubyte * (count * kind.itemsize)).from_address(start)
    return np.frombuffer(block, kind)

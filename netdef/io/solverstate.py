"""What a solver must know to go on: ``.solverstate``, binary or HDF5."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from netdef.errors import WeightsError, at
from netdef.io.blobs import array_from, pieces
from netdef.io.content import is_hdf5, read_content
from netdef.io.hdf5 import add_array, arrays, reading_hdf5, writing_hdf5
from netdef.io.weights import LARGEST
from netdef.io.whole_file import writing_whole
from netdef.io.wire import fields, head, inner, text
from netdef.proto import ResumeState, SolverState

_ITER, _LEARNED_NET, _HISTORY, _CURRENT_STEP, _RESUME = 1, 2, 3, 4, 2000

_RESUME_PATH = "netdef/resume"
"""Of the HDF5 file: the bytes of a ResumeState."""


@dataclass(frozen=True)
class SavedState:
    """A solver's state.

    ``iter`` iterations are done, the rate was lowered ``current_step`` times, the weights are
    in the file ``learned_net``, and ``history`` is what the update rule remembers. ``resume``
    is what else netdef needs to go on exactly; Caffe writes none and skips it.
    """

    iter: int
    current_step: int = 0
    learned_net: str = ""
    history: Sequence[NDArray[Any]] = ()
    resume: ResumeState | None = None


def read_state(path: Path | str) -> SavedState:
    """Read a ``.solverstate`` or ``.solverstate.h5``; its first bytes tell which it is.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is damaged or of another kind.
    """
    if is_hdf5(path):
        return _read_hdf5(path)
    content = read_content(path)
    with at(str(path)):
        return _state(content)


def _state(content: memoryview) -> SavedState:
    numbers, learned_net, history = {_ITER: 0, _CURRENT_STEP: 0}, "", []
    resume = None
    for field, value in fields(content):
        if field in numbers:
            if not isinstance(value, int):
                raise WeightsError("holds weights; a solver's state (.solverstate) is expected")
            numbers[field] = value
        elif field == _LEARNED_NET:
            learned_net = text(value)
        elif field == _HISTORY:
            history.append(array_from(inner(value)))
        elif field == _RESUME:
            resume = _resume(bytes(inner(value)))
    return SavedState(numbers[_ITER], numbers[_CURRENT_STEP], learned_net, history, resume)


def _resume(content: bytes) -> ResumeState:
    try:
        return ResumeState.FromString(content)
    except DecodeError:
        raise WeightsError("is damaged: where the data stood cannot be read") from None


def _read_hdf5(path: Path | str) -> SavedState:
    with reading_hdf5(path) as file:
        if "iter" not in file or "history" not in file:
            raise WeightsError("holds weights; a solver's state (.solverstate.h5) is expected")
        return SavedState(
            iter=int(file["iter"][()].item()),
            current_step=int(file["current_step"][()].item()),
            learned_net=_string(file["learned_net"][()]),
            history=arrays(file["history"]),
            resume=_resume(file[_RESUME_PATH][()].tobytes()) if _RESUME_PATH in file else None,
        )


def _string(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def write_state(
    path: Path | str, state: SavedState, format: Literal["BINARYPROTO", "HDF5"] = "BINARYPROTO"
) -> None:
    """Write a solver's state, so that Caffe reads it too.

    Raises:
        RunError: the file cannot be written.
        WeightsError: the binary form would be larger than the 2 GiB that Caffe reads.
    """
    if format == "HDF5":
        _write_hdf5(path, state)
        return
    few = SolverState(
        iter=state.iter,
        current_step=state.current_step,
        learned_net=state.learned_net,
        resume=state.resume,
    )
    parts: list[bytes | memoryview] = [few.SerializeToString()]
    for blob in state.history:
        own = pieces(blob)
        parts += [head(_HISTORY, sum(map(len, own))), *own]
    size = sum(map(len, parts))
    if size > LARGEST:
        raise WeightsError(
            f"{path}: {size} bytes are more than the {LARGEST} of a binary solverstate; "
            "use snapshot_format: HDF5"
        )
    with writing_whole(path) as file:
        file.writelines(parts)


def _write_hdf5(path: Path | str, state: SavedState) -> None:
    with writing_hdf5(path) as file:
        file["iter"] = np.array([state.iter], np.int32)
        file["current_step"] = np.array([state.current_step], np.int32)
        # Caffe reads it as a C string, so the closing zero must be stored.
        name = state.learned_net.encode()
        file["learned_net"] = np.array(name, f"S{len(name) + 1}")
        history = file.create_group("history")
        for index, blob in enumerate(state.history):
            add_array(history, str(index), np.asarray(blob, np.float32))
        if state.resume is not None:
            file[_RESUME_PATH] = np.frombuffer(state.resume.SerializeToString(), np.uint8)

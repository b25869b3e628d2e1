"""What a solver must know to go on: ``.solverstate``, binary or HDF5."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from netdef.errors import WeightsError, at
from netdef.io.blobs import array_from, pieces
from netdef.io.content import is_hdf5, read_content
from netdef.io.hdf5 import arrays, reading_hdf5, writing_hdf5
from netdef.io.whole_file import writing_whole
from netdef.io.wire import fields, head, inner, text
from netdef.proto import SolverState

_ITER, _LEARNED_NET, _HISTORY, _CURRENT_STEP = 1, 2, 3, 4


@dataclass(frozen=True)
class SavedState:
    """A solver's state.

    ``iter`` iterations are done, the rate was lowered ``current_step`` times, the weights are
    in the file ``learned_net``, and ``history`` is what the update rule remembers.
    """

    iter: int
    current_step: int = 0
    learned_net: str = ""
    history: Sequence[NDArray[Any]] = ()


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
    for field, value in fields(content):
        if field in numbers:
            if not isinstance(value, int):
                raise WeightsError("holds weights; a solver's state (.solverstate) is expected")
            numbers[field] = value
        elif field == _LEARNED_NET:
            learned_net = text(value)
        elif field == _HISTORY:
            history.append(array_from(inner(value)))
    return SavedState(numbers[_ITER], numbers[_CURRENT_STEP], learned_net, history)


def _read_hdf5(path: Path | str) -> SavedState:
    with reading_hdf5(path) as file:
        if "iter" not in file or "history" not in file:
            raise WeightsError("holds weights; a solver's state (.solverstate.h5) is expected")
        return SavedState(
            iter=int(file["iter"][()].item()),
            current_step=int(file["current_step"][()].item()),
            learned_net=_string(file["learned_net"][()]),
            history=arrays(file["history"]),
        )


def _string(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def write_state(
    path: Path | str, state: SavedState, format: Literal["BINARYPROTO", "HDF5"] = "BINARYPROTO"
) -> None:
    """Write a solver's state, so that Caffe reads it too.

    Raises:
        RunError: the file cannot be written.
    """
    if format == "HDF5":
        _write_hdf5(path, state)
        return
    few = SolverState(
        iter=state.iter, current_step=state.current_step, learned_net=state.learned_net
    )
    parts: list[bytes | memoryview] = [few.SerializeToString()]
    for blob in state.history:
        own = pieces(blob)
        parts += [head(_HISTORY, sum(map(len, own))), *own]
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
            history[str(index)] = np.asarray(blob, np.float32)

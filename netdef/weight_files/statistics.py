"""What a blob's values are like: how many, how large, how many are zero or no numbers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.io.solverstate import read_state
from netdef.io.stored_form import StoredForm, stored_form
from netdef.io.weights import read_weights
from netdef.table import Row, table


@dataclass(frozen=True)
class Statistics:
    """Of the values that are numbers; None if there are none. ``zeros`` is a part of all values."""

    count: int
    min: float | None
    mean: float | None
    max: float | None
    std: float | None
    zeros: float
    nans: int
    infs: int


@dataclass(frozen=True)
class BlobSurvey:
    """A blob of a layer: which, how it is stored, and what its values are like."""

    layer: str
    type: str
    blob: int
    shape: tuple[int, ...]
    dtype: str
    statistics: Statistics


def statistics(values: NDArray[Any]) -> Statistics:
    """Return the statistics of an array; mean and std, over all values, in double precision.

    ``std = sqrt(mean((x - mean) ** 2))``.
    """
    finite = values[np.isfinite(values)]
    few = [float(f(finite, dtype=np.float64)) for f in (np.mean, np.std)] if finite.size else []
    ends = [float(finite.min()), float(finite.max())] if finite.size else []
    return Statistics(
        count=values.size,
        min=ends[0] if ends else None,
        mean=few[0] if few else None,
        max=ends[1] if ends else None,
        std=few[1] if few else None,
        zeros=float(np.mean(values == 0)) if values.size else 0.0,
        nans=int(np.isnan(values).sum()),
        infs=int(np.isinf(values).sum()),
    )


def survey_weights(path: str) -> tuple[StoredForm, list[BlobSurvey]]:
    """Return how a file of weights is stored, and what each of its blobs is like.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is damaged or of another kind.
    """
    layers, form = read_weights(path), stored_form(path)
    return form, [
        BlobSurvey(name, layer.type, i, blob.shape, form.dtypes[name][i], statistics(blob))
        for name, layer in layers.items()
        for i, blob in enumerate(layer.blobs)
    ]


def survey_state(path: str) -> tuple[dict[str, Any], list[BlobSurvey]]:
    """Return what a solver's state says of the run, and what each array of its history is like.

    Raises:
        MissingFile: the file cannot be read.
        WeightsError: it is damaged or of another kind.
    """
    state = read_state(path)
    said = {
        "iter": state.iter,
        "current_step": state.current_step,
        "learned_net": state.learned_net,
        "has_data_position": state.resume is not None,
    }
    return said, [
        BlobSurvey("history", "", i, np.shape(array), "float32", statistics(np.asarray(array)))
        for i, array in enumerate(state.history)
    ]


def survey_table(blobs: Sequence[BlobSurvey]) -> str:
    """Return a table of blobs, and their number of values and bytes as they are stored."""
    rows: list[Row] = []
    for one in blobs:
        s = one.statistics
        numbers = [_number(value) for value in (s.min, s.mean, s.max, s.std)]
        odd = ", ".join(f"{n} {w}" for n, w in ((s.nans, "NaN"), (s.infs, "inf")) if n)
        shape = "x".join(map(str, one.shape)) or "scalar"
        rows.append(
            (one.layer, one.type, one.blob, shape, one.dtype, s.count, *numbers,
             f"{s.zeros:.1%}", odd)
        )  # fmt: skip
    total = ("total", "", "", "", "", sum(one.statistics.count for one in blobs), *[""] * 6)
    head = ("layer", "type", "blob", "shape", "dtype", "values", "min", "mean", "max", "std",
            "zeros", "")  # fmt: skip
    return table(head, rows, total)


def survey_json(blobs: Sequence[BlobSurvey]) -> list[dict[str, Any]]:
    """Return blobs as JSON can say them."""
    return [
        {k: v for k, v in asdict(one).items() if k != "statistics"} | asdict(one.statistics)
        for one in blobs
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"

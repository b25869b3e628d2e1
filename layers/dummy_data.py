"""The layer of made-up data."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from netdef.data.source import Source, State
from netdef.errors import FieldError
from netdef.fillers import check_filler, fill
from netdef.layer import DataLayer, Filler
from netdef.proto import BlobShape
from netdef.shape import Shape


class DummyData(DataLayer, message="dummy_data_param"):
    """Blobs from fillers: constant ones stay, the others are drawn anew each pass.

    Shapes:
        data: as each ``shape`` says, or ``num``, ``channels``, ``height``, ``width``.

    Raises:
        FieldError: shapes or fillers are neither one nor as many as tops, or a filler cannot
            fill its shape.
        UnknownType: no filler goes by that name.
    """

    tops: ClassVar[tuple[str, ...]] = ("*data",)

    data_filler: tuple[Filler, ...]
    shape: tuple[BlobShape, ...]
    num: tuple[int, ...]
    channels: tuple[int, ...]
    height: tuple[int, ...]
    width: tuple[int, ...]

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Return a source that fills blobs."""
        shapes = self._shapes(len(tops))
        fillers = _one_each("data_filler", self.data_filler or (Filler(),), len(tops))
        for filler, shape in zip(fillers, shapes, strict=True):
            check_filler(filler, shape)
        return _Fillers(shapes, fillers, seed)

    def _shapes(self, tops: int) -> list[Shape]:
        if not self.num:
            given = [Shape(s.dim) for s in self.shape]
            return _one_each("shape", given, tops)
        if self.shape:
            raise FieldError("give shape or num, channels, height and width, not both")
        names = ("num", "channels", "height", "width")
        sizes = [_one_each(name, getattr(self, name), tops) for name in names]
        return [Shape(each) for each in zip(*sizes, strict=True)]


class _Fillers:
    """Batches made by fillers, each pass from its own random numbers."""

    records: int | None = None

    def __init__(self, shapes: list[Shape], fillers: list[Filler], seed: int) -> None:
        self.shapes = tuple(shapes)
        self._fillers, self._seed, self._done = fillers, seed, 0

    @property
    def is_constant(self) -> bool:
        """Whether all batches are the same."""
        return all(filler.type == "constant" for filler in self._fillers)

    @cached_property
    def _batch(self) -> tuple[Any, ...]:
        return tuple(np.zeros(s, "float32") for s in self.shapes)

    def next(self) -> tuple[Any, ...]:
        for i, (blob, filler) in enumerate(zip(self._batch, self._fillers, strict=True)):
            if self._done == 0 or filler.type != "constant":
                counter = [0, 0, i, self._done]
                rng = np.random.Generator(np.random.Philox(counter=counter, key=self._seed))
                fill(blob, filler, rng)
        self._done += 1
        return self._batch

    def state(self) -> State:
        return {"done": self._done}

    def restore(self, state: State) -> None:
        for blob, filler in zip(self._batch, self._fillers, strict=True):
            if filler.type == "constant":
                blob.fill(filler.value)
        self._done = int(state["done"])

    def begin_pass(self) -> None:
        """Nobody counts what is made up."""

    def close(self) -> None:
        """Nothing is open."""


def _one_each(what: str, given: Sequence[Any], tops: int) -> list[Any]:
    if len(given) not in (1, tops):
        raise FieldError(
            f"dummy_data_param has {len(given)} {what} for {tops} tops; give 1"
            + (f" or {tops}" if tops > 1 else "")
        )
    return [*given] * tops if len(given) == 1 else [*given]

"""Rows and pixels moved by number."""

from typing import Any

import numpy as np

from netdef.engines import settings
from netdef.engines.engine import Run
from netdef.engines.numpy.images import Images, kernel_places
from netdef.engines.numpy.labels import Labels
from netdef.errors import ConfigError, DataError
from netdef.window import Window

_LONG = 128
"""Numbers of a row from which on rows are added one by one."""


class Indexing(Images):
    """The primitives ``gather``, ``scatter``, ``one_hot``, ``unfold`` and ``fold``."""

    def gather(self, table: Any, index: Any, out: Any) -> Run:
        xp, rows = self.xp, _Rows(self, index, table.shape[0])
        plain = self._plain(out)
        target = plain.reshape(rows.number.size, *table.shape[1:])

        def run() -> None:
            rows.read()
            if xp is np:  # only with a mode does NumPy write straight to out
                np.take(table, rows.number, axis=0, out=target, mode="clip")
            else:
                target[...] = table[rows.number]
            if plain is not out:
                xp.copyto(out, plain)

        return run

    def scatter(self, rows: Any, index: Any, add_to: Any) -> Run:
        if self.xp is not np and settings.chosen.deterministic:
            raise ConfigError(
                "CuPy adds rows in no certain order, and so not to the same bits in every run;"
                " leave out --deterministic, or --engine numpy"
            )
        xp, numbers = self.xp, _Rows(self, index, add_to.shape[0])
        plain = self._plain(rows)
        values = plain.reshape(numbers.number.size, *add_to.shape[1:])
        add_at = _add_rows if xp is np and values[:1].size >= _LONG else xp.add.at

        def run() -> None:
            numbers.read()
            if plain is not rows:
                xp.copyto(plain, rows)
            add_at(add_to, numbers.number, values)

        return run

    def one_hot(self, label: Any, out: Any, *, axis: int, ignore: int | None) -> Run:
        plain = self._plain(out)
        labels = Labels(self, plain, label, axis, ignore)
        flat = plain.reshape(-1)

        def run() -> None:
            labels.read()
            plain.fill(0)
            flat[labels.place] = labels.is_valid
            if plain is not out:
                self.xp.copyto(out, plain)

        return run

    def unfold(self, x: Any, out: Any, *, window: Window) -> Run:
        room, fill = self.padded(x, window.pad)
        taps, columns = self._columns(room, out, window)
        copyto = self.xp.copyto

        def run() -> None:
            if fill:
                fill()
            copyto(columns, taps)

        return run

    def fold(self, columns: Any, out: Any, *, window: Window) -> Run:
        y = self.inner(out)
        sizes = [s + 2 * p for s, p in zip(y.shape[1:-1], window.pad, strict=True)]
        room = self.scratch.take((y.shape[0], *sizes, y.shape[-1]), y.dtype)
        taps, parts = self._columns(room, columns, window)
        at = [(slice(None), *k) for k in kernel_places(window.kernel)]
        pairs = [(taps[k], parts[k]) for k in at]
        middle = room[self.middle(y.shape[1:-1], window.pad)]
        add, copyto = self.xp.add, self.xp.copyto

        def run() -> None:
            room.fill(0)
            for goal, part in pairs:
                add(goal, part, out=goal)
            copyto(y, middle)

        return run

    def _plain(self, array: Any) -> Any:
        """Return the array if its rows lie one after the other, else room of that order for it."""
        is_plain = array.flags.c_contiguous
        return array if is_plain else self.scratch.take(array.shape, array.dtype)

    def _columns(self, room: Any, columns: Any, window: Window) -> tuple[Any, Any]:
        """View a padded room and ``(N, C * kernel, *T)`` both as ``(C, *kernel, *T, N)``."""
        places = columns.shape[2:]
        parted = columns.reshape(columns.shape[0], room.shape[0], *window.kernel, *places)
        return self.taps(room, window, places), self.inner(parted)


def _add_rows(table: Any, numbers: Any, rows: Any) -> None:
    """Do what ``np.add.at`` does, in the same order, which takes 6 times as long with long rows."""
    for number, row in zip(numbers.tolist(), rows, strict=True):
        goal = table[number]
        np.add(goal, row, out=goal)


class _Rows:
    """Row numbers as they come from a blob, checked."""

    def __init__(self, engine: Images, index: Any, count: int) -> None:
        self.xp, self.count, self._index = engine.xp, count, index
        self._number = engine.scratch.take(index.shape, "int64")
        self.number = self._number.reshape(-1)

    def read(self) -> None:
        """Take the numbers that are in the blob now.

        Raises:
            DataError: one is outside the table.
        """
        self.xp.copyto(self._number, self._index, casting="unsafe")
        if self.number.size and not 0 <= self.number.min() <= self.number.max() < self.count:
            is_wrong = (self.number < 0) | (self.number >= self.count)
            at = int(self.xp.argmax(is_wrong))
            refuse_row(int(self.number[at]), at, self.count)


def refuse_row(number: int, place: int, count: int) -> None:
    """Say that a number names none of the rows.

    Raises:
        DataError: always.
    """
    raise DataError(f"index {number} (item {place}) is outside the {count} rows 0 to {count - 1}")

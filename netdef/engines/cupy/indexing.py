"""Rows of a table by number."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netdef.engines.cupy.copying import Copying
from netdef.engines.engine import Refused, Run, in_order
from netdef.engines.numpy.indexing import refuse_row

_MOST = 2**31 - 2**12
"""What an int can count, with room for the threads beyond the last place."""


class Indexing(Copying):
    """The primitives ``gather`` and ``scatter``.

    What is added to the same row of a table is added by one thread, in the order in which it
    comes: the same sum in every run, which atomics would not give.
    """

    def gather(self, table: Any, index: Any, out: Any) -> Run:
        launch = self._launching(index, table, out)
        (numbers, first), (rows, second) = self._in_c_order(index), self._in_c_order(table)
        plain = self._plain_room(out)
        count, width, height = _sizes(index, table)
        return in_order(
            first,
            second,
            launch("check_rows", 1, numbers, count, height, self._finding(height)),
            launch("gather", count * width, rows, numbers, plain, count * width, width, height),
            None if plain is out else self.copy(plain, out),
        )

    def scatter(self, rows: Any, index: Any, add_to: Any) -> Run:
        launch = self._launching(index, rows, add_to)
        (numbers, first), (values, second) = self._in_c_order(index), self._in_c_order(rows)
        table, third = self._in_c_order(add_to)
        count, width, height = sizes = _sizes(index, add_to)
        links = self.scratch.take((max(1, count), 2), "int32")
        return in_order(
            first,
            second,
            third,
            launch("check_rows", 1, numbers, count, height, self._finding(height)),
            launch("link_rows", count, numbers, links, count, height),
            launch("scatter", count * width, values, numbers, links, table, *sizes),
            None if table is add_to else self.copy(table, add_to),
        )

    def _finding(self, rows: int) -> Any:
        """Return where the first number is noted that names none of the rows: see ``Checks``."""
        return self.checks.add(lambda place, number: refuse_row(number, place, rows))

    def _launching(self, index: Any, *arrays: Any) -> Callable[..., Run]:
        """Return what makes a run of a kernel, with one thread for each of so many places."""
        real, kind = self.one_type(*arrays), self.index_type(index)

        def launch(name: str, count: int, *arguments: Any) -> Run:
            blocks = self.blocks_for(count)
            return self.launch("indexing", name, real, blocks, *arguments, index=kind)

        return launch

    def _in_c_order(self, array: Any) -> tuple[Any, Run | None]:
        """Return an array in C order of the same numbers, and what brings them there, if not."""
        plain = self._plain_room(array)
        return plain, None if plain is array else self.copy(array, plain)

    def _plain_room(self, array: Any) -> Any:
        """Return the array if it lies in C order, else room for it that does."""
        is_plain = array.flags.c_contiguous
        return array if is_plain else self.scratch.take(array.shape, array.dtype)


def _sizes(index: Any, table: Any) -> tuple[int, int, int]:
    """Return how many rows are named, how many numbers a row has, and the rows of the table.

    Raises:
        Refused: there are more numbers than an int can count.
    """
    width = int(np.prod(table.shape[1:], dtype=np.int64))
    if max(index.size, table.shape[0]) * max(1, width) >= _MOST:
        raise Refused("takes no array of about 2**31 numbers or more")
    return int(index.size), width, int(table.shape[0])

"""Matrix products, where they are large."""

from functools import partial
from typing import Any

import numpy as np

from netdef.engines.engine import Refused, Run, in_order
from netdef.engines.onednn.calls import Calls
from netdef.engines.onednn.primitive import BIAS, DST, SRC, WEIGHTS
from netdef.engines.onednn.sgemm import sgemm

_SMALLEST = 1 << 23
"""Multiplications below which waking the threads costs more than they bring."""
_NARROWEST = 8
"""Rows or columns below which it is NumPy's product of a matrix and a vector that is faster."""


class Products(Calls):
    """The primitive ``gemm``.

    Matrices are given to ``sgemm`` as they are read row by row: a transposed one takes several
    times as long. The smaller one is copied for that; what is added to is read and written
    only once. Many pairs are multiplied by ``matmul``.
    """

    def gemm(
        self,
        a: Any,
        b: Any,
        bias: Any = None,
        out: Any = None,
        add_to: Any = None,
        *,
        trans_a: bool,
        trans_b: bool,
    ) -> Run:
        target = out if add_to is None else add_to
        _check_size(target, a, b, a.shape[-2 if trans_a else -1])
        if target.ndim != 2:
            a, b = a.swapaxes(-1, -2) if trans_a else a, b.swapaxes(-1, -2) if trans_b else b
            return self._many(a, b, bias, target, add_to is not None)
        _check(target, a, b)
        a, b = a.T if trans_a else a, b.T if trans_b else b
        if not trans_b or (b.size < a.size and not trans_a):
            return in_order(
                *self._by_rows(a, b, target, add_to is not None),
                None if bias is None else partial(np.add, out, bias, out=out),
            )
        room = self.scratch.take(target.shape[::-1], target.dtype)
        finish = partial(np.copyto, target, room.T)
        if add_to is not None or bias is not None:
            finish = partial(np.add, room.T, target if bias is None else bias, out=target)
        return in_order(*self._by_rows(b.T, a.T, room, False), finish)

    def _many(self, a: Any, b: Any, bias: Any, target: Any, adds: bool) -> Run:
        """Return what multiplies many pairs of matrices, of which one may be the same for all."""
        describe, axes = self.describe, target.ndim
        if not (_is_straight(b) and _is_straight(target)):
            raise Refused("multiplies only matrices whose rows or columns lie together")
        reads = {SRC: a, WEIGHTS: b} | ({} if bias is None else {BIAS: bias})
        reads = {k: m.reshape((1,) * (axes - m.ndim) + m.shape) for k, m in reads.items()}
        a, b = reads[SRC], reads[WEIGHTS]
        kernel = self.kernel(
            "matmul",
            *(self.library.engine, describe.like(a, None if _is_straight(a) else a.shape)),
            *(describe.like(b), None if bias is None else describe.like(reads[BIAS])),
            *(describe.like(target), describe.attributes(adds=adds)),
        )
        return self.ready(kernel, reads, {DST: target})

    def _by_rows(self, a: Any, b: Any, target: Any, adds: bool) -> list[Run | None]:
        """Return what copies a or b if it is transposed, and what multiplies them."""
        (a, copy_a), (b, copy_b) = self._straight(a), self._straight(b)
        return [copy_a, copy_b, sgemm(self.library, a, b, target, adds=adds)]

    def _straight(self, matrix: Any) -> tuple[Any, Run | None]:
        """Return a matrix as it is, or room for it, and what copies it there."""
        if matrix.flags.c_contiguous:
            return matrix, None
        room = self.scratch.take(matrix.shape, matrix.dtype)
        return room, partial(np.copyto, room, matrix)


def _is_straight(matrix: Any) -> bool:
    """True if the numbers of a row, or of a column, lie together."""
    return matrix.itemsize in matrix.strides[-2:]


def _check_size(target: Any, a: Any, b: Any, depth: int) -> None:
    """Refuse what NumPy does as fast.

    Raises:
        Refused: the product is small, or not of float32.
    """
    if {m.dtype.name for m in (a, b, target)} != {"float32"}:
        raise Refused("multiplies matrices of float32 only")
    if target.size * depth < _SMALLEST or min(target.shape[-2:]) < _NARROWEST:
        raise Refused("is no faster with so small a product")


def _check(target: Any, a: Any, b: Any) -> None:
    """Refuse what ``sgemm`` does not take.

    Raises:
        Refused: the rows of a matrix do not follow each other.
    """
    if not all(m.flags.c_contiguous for m in (a, b, target)):
        raise Refused("multiplies only matrices whose rows follow each other")

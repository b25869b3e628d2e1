"""oneDNN's product of float32 matrices."""

from ctypes import c_void_p
from functools import partial
from typing import Any

from netdef.engines.engine import Run
from netdef.engines.onednn.library import Library


def sgemm(
    library: Library, a: Any, b: Any, out: Any, *, adds: bool, transposed: bool = False
) -> Run:
    """Return what sets ``out = a b``, or adds it; ``transposed``: ``a^T b``.

    Shapes:
        a: ``(M, K)``, or ``(K, M)`` if transposed; b: ``(K, N)``; out: ``(M, N)``; all
            float32, rows one behind the other.
    """
    sizes = *out.shape, b.shape[0]
    how = b"T" if transposed else b"N", b"N"
    operands = *_at(a), *_at(b), float(adds), *_at(out)
    return partial(library.call, "sgemm", *how, *sizes, 1.0, *operands)


def _at(matrix: Any) -> tuple[Any, int]:
    """Return a pointer that keeps the matrix alive, and the length of its rows."""
    return matrix.ctypes.data_as(c_void_p), matrix.shape[1]

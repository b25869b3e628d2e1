"""The number of threads of the OpenBLAS that NumPy's wheels bring along."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_GET, _SET = "scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"


@cache
def _library() -> Any:
    """Return the library that NumPy has loaded, or None if its BLAS is another one."""
    folder = Path(np.__file__).parent.with_name("numpy.libs")
    for path in folder.glob("libscipy_openblas64_*.so"):
        library = ctypes.CDLL(str(path))
        if hasattr(library, _GET) and hasattr(library, _SET):
            return library
    return None


def can_be_held() -> bool:
    """Tell whether ``one_thread`` can hold the matrix products to one thread."""
    return _library() is not None


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold NumPy's matrix products to one thread each, for as long as it lasts."""
    library = _library()
    before = getattr(library, _GET)()
    getattr(library, _SET)(1)
    try:
        yield
    finally:
        getattr(library, _SET)(before)

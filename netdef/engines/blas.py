"""The number of threads of the OpenBLAS that NumPy's wheels bring along."""

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

_T = TypeVar("_T")
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


def one_thread(run: Callable[[], _T]) -> Callable[[], _T]:
    """Return what runs it with NumPy's matrix products held to one thread each."""
    library = _library()
    count, set_count = getattr(library, _GET), getattr(library, _SET)

    def held() -> _T:
        before = count()
        set_count(1)
        try:
            return run()
        finally:
            set_count(before)

    return held

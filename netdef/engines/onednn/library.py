"""The library ``libdnnl.so.3``: where it lies, and its C functions."""

import ctypes
import os
import sys
from collections.abc import Callable
from ctypes import (
    POINTER,
    byref,
    c_char,
    c_char_p,
    c_float,
    c_int,
    c_int64,
    c_size_t,
    c_uint,
    c_void_p,
)
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from netdef.errors import DeviceError

MAJOR = 3
_T = TypeVar("_T")
Dims = c_int64 * 12
_OUT = POINTER(c_void_p)
_P, _I, _L, _F, _U, _D = c_void_p, c_int, c_int64, c_float, c_uint, POINTER(c_int64)

_SIGNATURES: dict[str, list[Any]] = {
    "engine_create": [_OUT, _I, c_size_t],
    "stream_create": [_OUT, _P, _U],
    "memory_desc_create_with_strides": [_OUT, _I, _D, _I, _D],
    "memory_desc_create_with_tag": [_OUT, _I, _D, _I, _I],
    "memory_desc_create_with_string_tag": [_OUT, _I, _D, _I, c_char_p],
    "memory_desc_equal": [_P, _P],
    "memory_desc_query": [_P, _I, _P],
    "memory_create": [_OUT, _P, _P, _P],
    "primitive_attr_create": [_OUT],
    "primitive_attr_set_scratchpad_mode": [_P, _I],
    "primitive_attr_set_fpmath_mode": [_P, _I],
    "primitive_attr_set_scales_mask": [_P, _I, _I],
    "primitive_attr_set_post_ops": [_P, _P],
    "post_ops_create": [_OUT],
    "post_ops_append_eltwise": [_P, _I, _F, _F],
    "post_ops_append_sum": [_P, _F, ctypes.c_int32, _I],
    "post_ops_append_binary": [_P, _I, _P],
    "convolution_forward_primitive_desc_create": [_OUT, _P, _I, _I, *[_P] * 4, *[_D] * 4, _P],
    "convolution_backward_data_primitive_desc_create": [
        *[_OUT, _P, _I],
        *[_P] * 3,
        *[_D] * 4,
        *[_P] * 2,
    ],
    "convolution_backward_weights_primitive_desc_create": [
        *[_OUT, _P, _I],
        *[_P] * 4,
        *[_D] * 4,
        *[_P] * 2,
    ],
    "deconvolution_forward_primitive_desc_create": [_OUT, _P, _I, _I, *[_P] * 4, *[_D] * 4, _P],
    "pooling_forward_primitive_desc_create": [_OUT, _P, _I, _I, _P, _P, *[_D] * 5, _P],
    "pooling_backward_primitive_desc_create": [_OUT, _P, _I, _P, _P, *[_D] * 5, _P, _P],
    "batch_normalization_forward_primitive_desc_create": [_OUT, _P, _I, _P, _P, _F, _U, _P],
    "batch_normalization_backward_primitive_desc_create": [
        *[_OUT, _P, _I],
        *[_P] * 3,
        *[_F, _U, _P, _P],
    ],
    "lrn_forward_primitive_desc_create": [_OUT, _P, _I, _I, _P, _P, _L, _F, _F, _F, _P],
    "lrn_backward_primitive_desc_create": [_OUT, _P, _I, _P, _P, _P, _L, _F, _F, _F, _P, _P],
    "matmul_primitive_desc_create": [_OUT, _P, *[_P] * 5],
    "inner_product_forward_primitive_desc_create": [_OUT, _P, _I, *[_P] * 5],
    "inner_product_backward_data_primitive_desc_create": [_OUT, _P, *[_P] * 5],
    "inner_product_backward_weights_primitive_desc_create": [_OUT, _P, *[_P] * 6],
    "sgemm": [c_char, c_char, _L, _L, _L, _F, _P, _L, _P, _L, _F, _P, _L],
    "reorder_primitive_desc_create": [_OUT, *[_P] * 5],
    "concat_primitive_desc_create": [_OUT, _P, _P, _I, _I, POINTER(c_void_p), _P],
    "sum_primitive_desc_create": [_OUT, _P, _P, _I, POINTER(c_float), POINTER(c_void_p), _P],
    "binary_primitive_desc_create": [_OUT, _P, _I, *[_P] * 4],
    "eltwise_forward_primitive_desc_create": [_OUT, _P, _I, _I, _P, _P, _F, _F, _P],
    "eltwise_backward_primitive_desc_create": [_OUT, _P, _I, *[_P] * 3, _F, _F, _P, _P],
    "softmax_forward_primitive_desc_create": [_OUT, _P, _I, _I, _P, _P, _I, _P],
    "softmax_backward_primitive_desc_create": [_OUT, _P, _I, *[_P] * 3, _I, _P, _P],
    "layer_normalization_forward_primitive_desc_create": [_OUT, _P, _I, *[_P] * 3, _F, _U, _P],
    "layer_normalization_backward_primitive_desc_create": [
        *[_OUT, _P, _I],
        *[_P] * 4,
        *[_F, _U, _P, _P],
    ],
    "prelu_forward_primitive_desc_create": [_OUT, _P, _I, *[_P] * 4],
    "prelu_backward_primitive_desc_create": [_OUT, _P, *[_P] * 7],
    "primitive_create": [_OUT, _P],
    "primitive_desc_query": [_P, _I, _I, _P],
    "set_primitive_cache_capacity": [_I],
}
"""The arguments of each function; all return a status, 0 for success."""

_POINTERS: dict[str, list[Any]] = {
    "primitive_desc_query_md": [_P, _I, _I],
    "version": [],
}
"""Functions that return a pointer."""

_NOTHING = ["memory_desc", "memory", "primitive", "primitive_desc", "primitive_attr", "post_ops"]


class _Version(ctypes.Structure):
    _fields_ = (("major", c_int), ("minor", c_int), ("patch", c_int))


class _OpenMp(NamedTuple):
    """The threads of the library; None stands for a library that has others."""

    get_count: Callable[[], int]
    set_count: Callable[[int], None]


def _openmp_of(dll: ctypes.CDLL) -> _OpenMp | None:
    try:
        count, set_count = dll.omp_get_max_threads, dll.omp_set_num_threads
    except AttributeError:
        return None
    set_count.argtypes, set_count.restype = [c_int], None
    return _OpenMp(count, set_count)


class Unsupported(Exception):
    """oneDNN has no implementation of what was asked for."""


class Library:
    """The loaded library, with its CPU engine and stream.

    Raises:
        DeviceError: it is of another version.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # Threads that wait for work must not keep a core from NumPy's and the data's.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        self.dll = ctypes.CDLL(path)
        self._declare()
        version = ctypes.cast(self.dll.dnnl_version(), POINTER(_Version)).contents
        self.version = f"{version.major}.{version.minor}.{version.patch}"
        if version.major != MAJOR:
            raise DeviceError(f"{path} is oneDNN {self.version}; netdef needs version {MAJOR}")
        self._openmp = _openmp_of(self.dll)
        self.engine = self.make("engine_create", 1, 0)
        self.stream = self.make("stream_create", self.engine, 1)
        os.register_at_fork(after_in_child=self._forget_threads)
        self.execute = self.dll.dnnl_primitive_execute
        self.execute.argtypes = [c_void_p, c_void_p, c_int, c_void_p]

    def _forget_threads(self) -> None:
        """Compute in one thread in a forked child: GNU's OpenMP waits for ever for the others."""
        if self._openmp is not None:
            self._openmp.set_count(1)

    def in_one_thread(self, run: Callable[[], _T]) -> Callable[[], _T]:
        """Return what runs it in the caller's thread alone, without waking others.

        What is made in one thread must run in one: oneDNN parts work when a primitive is made.
        """
        if self._openmp is None or self._openmp.get_count() == 1:
            return run
        count, set_count = self._openmp.get_count(), self._openmp.set_count

        def alone() -> _T:
            set_count(1)
            try:
                return run()
            finally:
                set_count(count)

        return alone

    def _declare(self) -> None:
        for name, arguments in _SIGNATURES.items():
            function = getattr(self.dll, f"dnnl_{name}")
            function.argtypes, function.restype = arguments, c_int
        for name, arguments in _POINTERS.items():
            function = getattr(self.dll, f"dnnl_{name}")
            function.argtypes, function.restype = arguments, c_void_p
        for name in _NOTHING:
            getattr(self.dll, f"dnnl_{name}_destroy").argtypes = [c_void_p]
        self.dll.dnnl_memory_desc_get_size.argtypes = [c_void_p]
        self.dll.dnnl_memory_desc_get_size.restype = c_size_t

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function that returns a status.

        Raises:
            Unsupported: there is no implementation for it.
            RuntimeError: any other failure.
        """
        status = getattr(self.dll, f"dnnl_{name}")(*arguments)
        if status == _UNIMPLEMENTED:
            raise Unsupported(name)
        if status:
            raise RuntimeError(f"oneDNN: {name} failed with status {status}")

    def make(self, name: str, *arguments: Any) -> int:
        """Call a function whose first argument takes the handle of what it makes."""
        handle = c_void_p()
        self.call(name, byref(handle), *arguments)
        assert handle.value is not None
        return handle.value

    def text(self, primitive_desc: int, what: int) -> str:
        """Query a text of a primitive descriptor."""
        answer = c_char_p()
        self.call("primitive_desc_query", primitive_desc, what, 0, byref(answer))
        return (answer.value or b"").decode()


_UNIMPLEMENTED = 3


def find() -> str:
    """Return the path of the library: ``NETDEF_ONEDNN``, or that of the package that brings it.

    Raises:
        DeviceError: there is none.
    """
    named = os.environ.get("NETDEF_ONEDNN")
    if named:
        return named
    for folder in (Path(sys.prefix) / "lib", *(Path(p).parents[2] for p in _site_folders())):
        if (folder / "libdnnl.so.3").exists():
            return str(folder / "libdnnl.so.3")
    raise DeviceError(
        "libdnnl.so.3 is not here; pip install onednn-cpu-gomp, or name one by NETDEF_ONEDNN"
    )


def _site_folders() -> list[str]:
    return [p for p in sys.path if p.endswith("site-packages")]


@cache
def load() -> Library:
    """Load the library once.

    Raises:
        DeviceError: it is not there, cannot be loaded, or is of another version.
    """
    path = find()
    try:
        return Library(path)
    except (OSError, AttributeError) as error:
        raise DeviceError(f"{path} cannot be loaded: {error}") from error

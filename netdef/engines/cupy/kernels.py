"""The kernels in CUDA C++: their text, and what compiles them."""

from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes  # noqa: F401  gives NumPy bfloat16
import numpy as np

from netdef.errors import DeviceError

THREADS = 256
"""Threads of a block: enough to hide the memory's latency, and few enough for any device."""

FILES = {
    "batch_norm": ("places", "reduction", "batch_norm"),
    "indexing": ("places", "reduction", "finding", "indexing"),
    "lrn": ("places", "lrn"),
    "map": ("places",),
    "pooling": ("places", "pooling"),
    "scoring": ("places", "reduction", "finding", "lines", "scoring"),
    "softmax": ("places", "reduction", "finding", "lines", "softmax"),
    "sums": ("places", "reduction", "sums"),
    "transform": ("places", "transform"),
    "uniform": ("places", "uniform"),
    "update": ("places", "reduction", "update"),
}
"""The texts that each group of kernels is made of, one after the other. That of ``map`` goes on
with a kernel for each expression."""

TYPES = {"float32": "float", "float64": "double", "uint8": "unsigned char", "int32": "int"}
TYPES |= {"bool": "bool", "int64": "long long", "bfloat16": "Bfloat16", "float16": "Float16"}
"""What C++, or ``narrow.cu``, calls the types of numbers that kernels are compiled for."""

NARROW = ("bfloat16", "float16")
"""Types that numbers are stored in and float32 is computed with."""


def computed(image: Any) -> Any:
    """Return the type that kernels compute with, where images are stored in another."""
    return np.dtype("float32" if np.dtype(image).name in NARROW else image)


@cache
def source(group: str, image: str, index: str = "uint8") -> str:
    """Return the text of a group of kernels for one type of images and one of places."""
    names = {"Real": computed(image).name, "Image": image, "Index": index}
    types = "".join(f"typedef {TYPES[kind]} {name};\n" for name, kind in names.items())
    narrow, *texts = (
        Path(__file__).with_name(f"{name}.cu").read_text("utf-8")
        for name in ("narrow", *FILES[group])
    )
    return "\n".join([narrow, types, f"const int THREADS = {THREADS};\n", *texts])


@cache
def _module(xp: ModuleType, code: str, *options: str) -> Any:
    return xp.RawModule(code=code, options=("--std=c++17", *options))


def function(xp: ModuleType, code: str, name: str, *options: str) -> Any:
    """Return a kernel, compiled when it is first asked for: ``kernel(grid, block, arguments)``.

    ``options`` are further ones of the compiler's.

    Raises:
        DeviceError: the compiler of CUDA's run-time is not there, or not fit for the driver.
    """
    try:
        return _module(xp, code, *options).get_function(name)
    except (OSError, ImportError, RuntimeError) as error:
        raise DeviceError(
            f"the kernel {name} cannot be compiled ({error}); install CUDA's run-time that your"
            " driver takes: pip install 'netdef[cuda12]' or 'netdef[cuda13]'"
        ) from error

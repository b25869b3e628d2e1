"""NVIDIA's driver: whether it is here, and which packages it takes."""

import ctypes
import os
from typing import Any

ON_THE_CPU = "or run on the CPU (solver_mode: CPU, no --gpu)"
_LIBRARY = "libcuda.so.1"
_OLDEST = 12


def driver_version() -> int | None:
    """Return the newest CUDA that the driver takes, such as 12040; None if there is no driver."""
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    version = ctypes.c_int()
    return version.value if library.cuDriverGetVersion(ctypes.byref(version)) == 0 else None


def in_words(version: int) -> str:
    """Return CUDA's 12040 as 12.4."""
    return f"{version // 1000}.{version % 1000 // 10}"


def install(driver: int | None) -> str:
    """Return the command that installs all that a GPU needs beside that driver."""
    if driver is None:
        return "pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is"
    return f"pip install 'netdef[cuda{min(max(driver // 1000, _OLDEST), 13)}]'"


def why_no_gpu(cupy: Any, error: Exception) -> str:
    """Return why CUDA finds no GPU, when it fails with an error, and the mend."""
    runtime = cupy.cuda.runtime
    driver, made_for = int(runtime.driverGetVersion()), int(runtime.runtimeGetVersion())
    if driver == 0:
        return "there is no NVIDIA driver: install one, until nvidia-smi lists the GPU"
    if driver // 1000 < made_for // 1000:
        why = (
            f"the driver takes CUDA up to {in_words(driver)}, and CuPy is made for CUDA"
            f" {in_words(made_for)}: install a newer driver"
        )
        has_packages = driver // 1000 >= _OLDEST
        return f"{why}, or the packages for this one: {install(driver)}" if has_packages else why
    return f"{error}: see whether nvidia-smi lists it{hidden()}"


def hidden() -> str:
    """Return the hint that the environment hides GPUs, if it may."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if shown is None else f" (CUDA_VISIBLE_DEVICES={shown} hides all others)"

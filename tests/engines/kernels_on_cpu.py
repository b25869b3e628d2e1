"""CUDA C++ kernels, compiled by g++ and run on the CPU: what stands for ``cupy.RawModule``."""

import atexit
import ctypes
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engines.streams_on_cpu import submit

HEADER = Path(__file__).with_name("cuda_on_cpu.h")
_FAULTS = {-2: "threads ended while others wait at a barrier", 0: "has another number of arguments"}


_OPTIONS = "-std=c++17 -O1 -Wall -Wextra -Werror -fPIC -U_FORTIFY_SOURCE".split()  # noqa: SIM905
_OPTIONS += ["-Wno-unused", "-Wno-sign-compare", "-Wno-clobbered"]


def _compile(*arguments: str | Path) -> None:
    """Run g++; without it the test is skipped."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("needs g++ to run the GPU's kernels on the CPU")
    command = [compiler, *_OPTIONS, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@cache
def _header() -> Path:
    """Return a copy of the header that is compiled already: each kernel takes half the time."""
    folder = Path(tempfile.mkdtemp(prefix="netdef-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = Path(shutil.copy(HEADER, folder))
    _compile("-x", "c++-header", copy, "-o", f"{copy}.gch")
    return copy


_PTX = re.compile(r'asm\("([\w.]+) %0, %1;" : "=\w"\((\w+)\) : "\w"\((\w+)\)\);')


def _called(instruction: re.Match[str]) -> str:
    """Return the call of the header's function that stands for an instruction of a GPU's."""
    name, result, operand = instruction.groups()
    return f"{result} = ptx_{name.replace('.', '_')}({operand});"


@cache
def compiled(code: str) -> ctypes.CDLL:
    """Compile kernels for the CPU."""
    header = _header()
    lines = [f'#include "{header}"', _PTX.sub(_called, code)]
    for name in re.findall(r'extern "C" __global__ void (\w+)', code):
        lines.append(
            f'extern "C" int run_{name}(unsigned blocks, unsigned threads, int count,'
            " const int* sizes, void** arguments, int backwards)"
            f" {{ return on_cpu::launch({name}, blocks, threads, count, sizes, arguments,"
            f" backwards, {int('__syncthreads' in code)}); }}"
        )
    text = header.with_name(hashlib.sha256(code.encode()).hexdigest()[:16] + ".cpp")
    text.write_text("\n".join(lines))
    library = text.with_suffix(".so")
    _compile("-shared", "-o", library, text)
    return ctypes.CDLL(str(library))


class RawModule:
    """A module of kernels, as CuPy's. ``is_backwards`` runs blocks and threads last first."""

    is_backwards = False

    def __init__(self, code: str, options: Sequence[str] = ()) -> None:
        assert "--std=c++17" in options
        self.code = code

    def get_function(self, name: str) -> "Kernel":
        return Kernel(getattr(compiled(self.code), f"run_{name}"), name)


class Kernel:
    """A kernel: ``kernel(grid, block, arguments)``."""

    def __init__(self, function: Any, name: str) -> None:
        self.function, self.name = function, name

    def __call__(self, grid: tuple[int], block: tuple[int], arguments: Sequence[Any]) -> None:
        values = [_bytes(a).copy() for a in arguments]
        submit(lambda: self._run(grid, block, values))  # a graph keeps the values of now

    def _run(self, grid: tuple[int], block: tuple[int], values: list[Any]) -> None:
        sizes = np.array([v.size for v in values], np.int32)
        places = np.array([v.ctypes.data for v in values], np.uintp)
        fault = self.function(
            *(*grid, *block, len(values)),
            *(ctypes.c_void_p(a.ctypes.data) for a in (sizes, places)),
            int(RawModule.is_backwards),
        )
        if fault != -1:
            raise AssertionError(
                f"{self.name}: {_FAULTS.get(fault, f'argument {fault} has another size')}"
            )


def _bytes(argument: Any) -> Any:
    """Return what a GPU's kernel gets: an address of its memory, a number, or a struct."""
    if type(argument) is np.ndarray:
        assert argument.size == 1, "CuPy takes NumPy's arrays by value, and only of one element"
        return argument.view(np.uint8).reshape(-1)
    if isinstance(argument, np.ndarray):  # of the device
        argument = np.uintp(argument.data.ptr)
    assert isinstance(argument, np.generic), f"CuPy takes no {type(argument).__name__} here"
    return np.frombuffer(argument.tobytes(), np.uint8)

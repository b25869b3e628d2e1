"""A stand-in for CuPy on the CPU, to run what only a GPU's arrays would: no GPU, no CuPy.

Arrays are NumPy's in a class of their own that has CuPy's ``get``; functions have CuPy's
parameters, not NumPy's; elementwise kernels are made from their C++ by turning it back into
Python, all others are compiled by g++.
"""

import re
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from netdef.device import Device
from tests.engines.kernels_on_cpu import RawModule

SAME = """add subtract multiply divide power maximum minimum negative absolute exp log sqrt square
    equal not_equal greater greater_equal less less_equal logical_and bitwise_and bitwise_xor sum
    amax argmax matmul copyto broadcast_to expand_dims argsort take_along_axis float32 uint8
    int64 isfinite dot ndarray lib""".split()  # noqa: SIM905
"""Names that CuPy and NumPy have with the parameters that netdef uses."""


class DeviceArray(np.ndarray):
    """An array that says it lies elsewhere."""

    def get(self) -> Any:
        """Return a copy on the host."""
        return np.array(self, subok=False)

    @property
    def data(self) -> Any:
        """The memory, as CuPy shows it."""
        return SimpleNamespace(ptr=self.__array_interface__["data"][0])


def _take(a, indices, axis=None, out=None):
    if out is None:
        return np.take(a, indices, axis=axis)
    out[...] = np.take(a, indices, axis=axis)
    return out


def _bincount(x, weights=None, minlength=None):
    return np.bincount(x, weights, minlength or 0).view(DeviceArray)


def _einsum(*operands):
    return np.einsum(*operands)


class ElementwiseKernel:
    """A kernel over broadcast arrays, by Python made from its C++."""

    def __init__(self, in_params: str, out_params: str, operation: str, name: str) -> None:
        self.names = re.findall(r"T (\w+)", in_params)
        self.lines = [_python(s) for s in operation.rstrip("; ").split("; ")]

    def __call__(self, *operands: Any) -> None:
        *reads, result = operands
        known = dict(zip(self.names, reads, strict=True), result=result, np=np, T=_same)
        for name in ("exp", "log", "sqrt", "tanh", "log1p", "fabs", "floor"):
            known[name] = getattr(np, name)
        known |= {"max": np.maximum, "min": np.minimum, "pow": np.power}
        *steps, last = self.lines
        for line in steps:
            exec(line, known)
        _, sign, value = re.fullmatch(r"(\w+) (\+?)= (.*)", last).groups()
        found = eval(value, known)
        result[...] = result + found if sign else found


def _same(value):
    return value * 1.0 if getattr(value, "dtype", None) == np.dtype(bool) else value


def _python(statement: str) -> str:
    text = re.sub(r"^(T|bool) ", "", statement)
    return re.sub(r"= \((.*?)\) \? (.*) : (.*)$", r"= np.where(\1, \2, \3)", text)


def module() -> ModuleType:
    """Return what stands for ``cupy``."""
    stand_in = ModuleType("stand_in")
    for name in SAME:
        setattr(stand_in, name, getattr(np, name))
    for name in ("zeros", "empty", "full", "arange"):
        made = getattr(np, name)
        setattr(stand_in, name, lambda *a, made=made, **k: made(*a, **k).view(DeviceArray))
    stand_in.asarray = lambda a, dtype=None: np.array(a, dtype).view(DeviceArray)
    stand_in.take, stand_in.bincount, stand_in.einsum = _take, _bincount, _einsum
    stand_in.ElementwiseKernel, stand_in.RawModule = ElementwiseKernel, RawModule
    stand_in.cuda = SimpleNamespace(
        Device=lambda number: SimpleNamespace(use=lambda: None),
        get_current_stream=lambda: SimpleNamespace(synchronize=lambda: None),
    )
    return stand_in


def device() -> Device:
    """Return a device whose arrays are the stand-in's."""
    return Device("stand-in", module(), 0)

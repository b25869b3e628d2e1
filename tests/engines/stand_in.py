"""A stand-in for CuPy on the CPU, to run what only a GPU's arrays would: no GPU, no CuPy.

Arrays are NumPy's in a class of their own that has CuPy's ``get``; functions have CuPy's
parameters, not NumPy's; elementwise kernels are made from their C++ by turning it back into
Python, all others are compiled by g++. Streams that capture note down what they are given, and
refuse what CuPy refuses: see ``streams_on_cpu``.
"""

import re
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from netdef.device import Device
from tests.engines import pinned_memory
from tests.engines import streams_on_cpu as streams
from tests.engines.kernels_on_cpu import RawModule

SAME = """add subtract multiply divide power maximum minimum negative absolute exp log sqrt square
    equal not_equal greater greater_equal less less_equal logical_and bitwise_and bitwise_xor
    sum reciprocal clip amax argmax matmul copyto broadcast_to expand_dims argsort
    take_along_axis float32 uint8 int64 isfinite dot ndarray""".split()  # noqa: SIM905
"""Names that CuPy and NumPy have with the parameters that netdef uses."""


class DeviceArray(np.ndarray):
    """An array that says it lies elsewhere."""

    def get(
        self,
        stream: Any = None,
        order: str = "C",
        out: Any = None,
        blocking: bool = True,
    ) -> Any:
        """Return a copy on the host; into ``out`` it may be made later, where there is a stream."""
        if out is not None:
            assert type(out) is np.ndarray and out.flags.c_contiguous
            assert (out.shape, out.dtype) == (self.shape, self.dtype)
        streams.refuse_while_capturing("a copy to the host")
        found = np.empty(self.shape, self.dtype) if out is None else out
        now = np.array(self, subok=False)
        streams.bring(partial(np.copyto, found, now))
        if blocking:
            streams.current().synchronize()
        return found

    def set(self, arr: Any, stream: Any = None) -> None:
        """Copy from the host: from pinned memory when the stream comes to it, else now."""
        assert type(arr) is np.ndarray and (arr.shape, arr.dtype) == (self.shape, self.dtype)
        assert self.flags.c_contiguous and arr.flags.c_contiguous, "nothing is put in order here"
        stream = stream or streams.current()
        plain = self.view(np.ndarray)
        given = arr if pinned_memory.holds(arr) else arr.copy()
        stream.submit(lambda: np.copyto(plain, given))

    def __getitem__(self, key: Any) -> Any:
        """Return an array, of no axes for one number: only ``get`` and its kin read it."""
        found = super().__getitem__(key)
        is_number = not isinstance(found, np.ndarray)
        return super().__getitem__((*_as_tuple(key), ...)) if is_number else found

    def item(self) -> Any:
        return self.get().item()

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())

    @property
    def data(self) -> Any:
        """The memory, as CuPy shows it."""
        return SimpleNamespace(ptr=self.__array_interface__["data"][0])

    def copy(self, order: Any = "C") -> Any:
        _refuse_memory(not streams.current().is_capturing(), "copy")
        return super().copy(order)

    def astype(self, dtype: Any, **options: Any) -> Any:
        _refuse_memory(not streams.current().is_capturing(), "astype")
        return super().astype(dtype, **options)

    def fill(self, value: Any) -> None:
        plain = self.view(np.ndarray)
        streams.submit(lambda: plain.fill(value))

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, np.ndarray) and not isinstance(value, DeviceArray) and value.ndim:
            streams.refuse_while_capturing("a copy from the host")
        plain, given = self.view(np.ndarray), _plain(value)
        streams.submit(lambda: plain.__setitem__(key, given))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Do as NumPy; while capturing only what makes no array, in the type of its target."""
        out = options.pop("out", None)
        _refuse_arrays_of_the_host(inputs, out or ())
        if ufunc is np.matmul:
            streams.refuse_library_while_capturing("cuBLAS")
        if streams.current().is_capturing():
            kinds = {a.dtype for a in inputs if isinstance(a, DeviceArray)}
            is_plain = method == "__call__" and out is not None and set(options) <= {"casting"}
            _refuse_memory(is_plain and len(kinds | {a.dtype for a in out}) == 1, ufunc.__name__)
        if out is not None:
            options["out"] = tuple(_plain(a) for a in out)
        run = partial(getattr(ufunc, method), *map(_plain, inputs), **options)
        if out is not None:
            streams.submit(run)
            return out[0] if len(out) == 1 else out
        found = run()
        return found if found is None else np.asarray(found).view(DeviceArray)

    def __array_function__(self, function: Any, types: Any, given: Any, named: Any) -> Any:
        if function is np.copyto or (function is np.clip and "out" in named):
            plain = {name: _plain(a) for name, a in named.items()}
            return streams.submit(partial(function, *map(_plain, given), **plain))
        if function in _OF_CUBLAS:
            streams.refuse_library_while_capturing("cuBLAS")
        _refuse_memory(not streams.current().is_capturing(), function.__name__)
        return super().__array_function__(function, types, given, named)


_OF_CUBLAS = (np.dot, np.einsum)


def _as_tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, DeviceArray) else value


def _refuse_arrays_of_the_host(*rows: Any) -> None:
    for array in (a for row in rows for a in row):
        if isinstance(array, np.ndarray) and not isinstance(array, DeviceArray):
            raise TypeError(f"Unsupported type {type(array)}")  # in CuPy's words


def _refuse_memory(is_allowed: bool, name: str) -> None:
    """Fail where CuPy would make an array that is free again when the graph runs."""
    assert is_allowed, f"{name} makes an array while a stream is capturing"


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
        streams.submit(partial(self._compute, *map(_plain, operands)))

    def _compute(self, *operands: Any) -> None:
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
    target, value = re.fullmatch(r"(\w+ \+?=) (.*)", text).groups()
    return f"{target} {_chosen(value)}"


def _chosen(value: str) -> str:
    """Turn choices of C++, one behind the other, into NumPy's."""
    if " ? " not in value:
        return value
    condition, _, rest = value.partition(" ? ")
    first, _, other = rest.partition(" : ")
    return f"np.where({condition}, {first}, {_chosen(other)})"


def module() -> ModuleType:
    """Return what stands for ``cupy``."""
    stand_in = ModuleType("stand_in")
    for name in SAME:
        setattr(stand_in, name, getattr(np, name))
    for name in ("zeros", "empty", "full", "arange"):
        setattr(stand_in, name, _making(getattr(np, name)))
    # A view of the device's memory lies there too.
    as_strided = partial(np.lib.stride_tricks.as_strided, subok=True)
    stand_in.lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=as_strided))
    stand_in.asarray = _making(lambda a, dtype=None: np.array(a, dtype))
    stand_in.take, stand_in.bincount, stand_in.einsum = _take, _bincount, _einsum
    stand_in.ElementwiseKernel, stand_in.RawModule = ElementwiseKernel, RawModule
    stand_in.linalg = SimpleNamespace(norm=np.linalg.norm)
    stand_in.cuda = SimpleNamespace(
        Device=OneDevice,
        Stream=streams.Stream,
        Event=streams.Event,
        Graph=streams.Graph,
        get_current_stream=streams.current,
        alloc_pinned_memory=pinned_memory.allocate,
        runtime=SimpleNamespace(CUDARuntimeError=streams.CUDARuntimeError),
    )
    return stand_in


class OneDevice:
    """The only device there is."""

    compute_capability = "90"

    def __init__(self, number: int | None = None) -> None:
        self.id = 0

    def use(self) -> None:
        """Make it current: it is."""

    def __enter__(self) -> "OneDevice":
        return self

    def __exit__(self, *_: object) -> None:
        """Let it stay current."""


def _making(make: Any) -> Any:
    """Return a function of CuPy's that makes an array as NumPy does."""

    def made(*given: Any, **named: Any) -> Any:
        _refuse_memory(not streams.current().is_capturing(), "a new array")
        return make(*given, **named).view(DeviceArray)

    return made


def device() -> Device:
    """Return a device whose arrays are the stand-in's."""
    return Device("stand-in", module(), 0)

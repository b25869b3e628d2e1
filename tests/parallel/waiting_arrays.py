"""What arrays of several GPUs do: on the GPU that is current, in the order of its stream."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.engines import kernels_on_cpu, stand_in
from tests.engines import streams_on_cpu as streams


def flush() -> None:
    """Do what waits in the current stream: what comes next runs at once in the stand-in."""
    stream = streams.current()
    if not stream.is_capturing():
        stream.synchronize()


def let_arrays_wait(machine: Any, patch: pytest.MonkeyPatch) -> None:
    """Let what arrays do check their GPU, and what makes new ones wait for the stream."""
    own = stand_in.DeviceArray

    def get(array: Any, stream: Any = None, order: str = "C", out: Any = None, blocking=True):
        machine.check(array)
        streams.refuse_while_capturing("a copy to the host")
        found = np.empty(array.shape, array.dtype) if out is None else out
        plain = array.view(np.ndarray)
        streams.submit(lambda: np.copyto(found, plain))
        if blocking:
            streams.current().synchronize()
        return found

    def waiting(method: Callable[..., Any]) -> Callable[..., Any]:
        def run(array: Any, *given: Any, **named: Any) -> Any:
            machine.check(array)
            flush()
            return method(array, *given, **named)

        return run

    def ufunc(array: Any, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        machine.check(*inputs, *(options.get("out") or ()))
        if options.get("out") is None:
            flush()
        return whole_ufunc(array, function, method, *inputs, **options)

    def function(array: Any, called: Any, types: Any, given: Any, named: Any) -> Any:
        machine.check(*given, *named.values())
        if called is not np.copyto:
            flush()
        return whole_function(array, called, types, given, named)

    def setitem(array: Any, key: Any, value: Any) -> None:
        machine.check(array, value)
        if isinstance(value, np.ndarray) and not isinstance(value, own):
            if value.ndim:
                streams.refuse_while_capturing("a copy from the host")
            value = value.copy()  # from memory that is not pinned CUDA copies at once
        plain, given = array.view(np.ndarray), np.asarray(value)
        streams.submit(lambda: plain.__setitem__(key, given))

    def call(kernel: Any, grid: Any, block: Any, arguments: Any) -> None:
        machine.check(*arguments)
        values = [kernels_on_cpu._bytes(a).copy() for a in arguments]
        streams.submit(partial(_run, kernel, grid, block, values, tuple(arguments)))

    def launch(graph: Any, stream: Any = None) -> None:
        stream = stream or streams.current()
        assert not stream.is_capturing()
        graph.launches += 1
        noted = list(graph.noted)
        stream.submit(lambda: [work() for work in noted] and None)

    def fill(array: Any, value: Any) -> None:
        machine.check(array)
        whole_fill(array, value)

    whole_fill = own.fill
    patch.setattr(own, "fill", fill)
    whole_ufunc, whole_function = own.__array_ufunc__, own.__array_function__
    patch.setattr(own, "get", get)
    patch.setattr(own, "copy", waiting(own.copy))
    patch.setattr(own, "astype", waiting(own.astype))
    patch.setattr(own, "__array_ufunc__", ufunc)
    patch.setattr(own, "__array_function__", function)
    patch.setattr(own, "__setitem__", setitem)
    patch.setattr(kernels_on_cpu.Kernel, "__call__", call)
    patch.setattr(streams.Graph, "launch", launch)


def _run(kernel: Any, grid: Any, block: Any, values: Any, kept: Any) -> None:
    """Run a kernel on arrays that nobody else may hold any more."""
    kernel._run(grid, block, values)

"""Calls that Python code of a layer computes, on the host."""

from typing import Any

import numpy as np

from netdef.device import Device
from netdef.engines import Run
from netdef.program import Call
from netdef.resized import Resized, are_resized


def host(call: Call, arrays: dict[str, Any], device: Device) -> Run:
    """Return what lets a function read arrays and write others."""
    function, reads, out = call.options["function"], arrays["reads"], arrays["out"]
    if not device.is_gpu:
        return lambda: function(*reads, *out)

    def run() -> None:
        results = [np.empty(a.shape, a.dtype) for a in out]
        function(*(device.to_host(a) for a in reads), *results)
        for goal, result in zip(out, results, strict=True):
            goal[...] = device.xp.asarray(result)

    return run


def produce(call: Call, arrays: dict[str, Any], device: Device) -> Run:
    """Return what lets a function read arrays and make others, of shapes it chooses.

    Raises:
        Resized: by what is returned, if they have other shapes than planned.
    """
    function, reads, out = call.options["function"], arrays["reads"], arrays["out"]
    names = [value.name for value in call.written_values()]

    def run() -> None:
        made = function(*(device.to_host(a) for a in reads))
        if are_resized(made, out):
            raise Resized(call.node, dict(zip(names, made, strict=True)))
        for goal, array in zip(out, made, strict=True):
            goal[...] = device.xp.asarray(array)

    return run

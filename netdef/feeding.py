"""The batches of data sources, brought to the tops of data layers."""

from collections.abc import Callable
from typing import Any

from netdef.data.source import Source
from netdef.device import Device
from netdef.engines import Run
from netdef.program import Call
from netdef.resized import Resized, are_resized


def feed(call: Call, tops: tuple[Any, ...], source: Callable[[], Source], device: Device) -> Run:
    """Return what fills the tops of a data layer with the next batch of its source.

    ``source`` returns the source of now: it may be opened anew between two batches.

    Raises:
        Resized: by what is returned, if a batch has other shapes than planned.
    """
    names = [value.name for value in call.written_values()]

    def run() -> None:
        batch = source().next()
        if are_resized(batch, tops):
            # The net may be planned for fewer records than a batch has.
            batch = tuple(a[: len(top)] for a, top in zip(batch, tops, strict=True))
            if are_resized(batch, tops):
                raise Resized(call.node, dict(zip(names, batch, strict=True)))
        for top, array in zip(tops, batch, strict=True):
            top[...] = device.xp.asarray(array)

    return run

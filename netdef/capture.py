"""Passes captured as CUDA graphs: the device runs them with no Python in between."""

import os
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from netdef.device import Device
from netdef.engines import Launches, Run
from netdef.errors import ConfigError
from netdef.gpu_errors import gpu_errors_in_words
from netdef.program import Call

Step = tuple[Call, Run]
Key = tuple[str, int, int | None]
"""A pass: its way, forward or backward, and the layers of its calls."""
InTurn = Callable[[Sequence[Step]], None]

_VARIABLE = "NETDEF_CAPTURE"
_MOST_PASSES = 64
"""Ranges of layers whose graphs are kept: the passes of a training step in all its parts."""


def is_wanted() -> bool:
    """Return whether ``NETDEF_CAPTURE`` lets calls be captured, as they are without it.

    Raises:
        ConfigError: the variable is neither 0 nor 1.
    """
    value = os.environ.get(_VARIABLE) or "1"
    if value not in ("0", "1"):
        raise ConfigError(f"{_VARIABLE} is {value!r}; it is 1, or 0 to run call by call")
    return value == "1"


class Passes:
    """Runs rows of calls again and again: the passes of an executor, over ranges of its calls.

    The first time a pass runs call by call (``in_turn``), in which kernels are loaded. The
    second time each stretch of neighbouring calls that only launch is captured as a graph, and
    from then on launched; what lies between runs as before. ``name`` names the layer of a call.

    A graph knows the addresses of arrays alone; its pass keeps the calls, and they the arrays.
    """

    def __init__(self, device: Device, in_turn: InTurn, name: Callable[[Call], str]) -> None:
        self._device, self._in_turn, self._name = device, in_turn, name
        self._known: OrderedDict[Key, _Pass] = OrderedDict()
        self._stream: Any = None

    def run(self, key: Key, steps: Callable[[], Sequence[Step]]) -> None:
        """Run the pass of that key, whose calls ``steps`` returns when it is new."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _Pass(key[0], _stretches(steps()))
            if len(self._known) > _MOST_PASSES:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        for stretch in found.stretches:
            if stretch.is_captured and found.is_warm:
                self._launch(stretch, found.way)
            else:
                self._in_turn(stretch.steps)
        found.is_warm = True

    def _launch(self, stretch: "_Stretch", way: str) -> None:
        if stretch.graph is None:
            self._capture(stretch, way)
        if stretch.graph is None:
            self._in_turn(stretch.steps)
            return
        try:
            stretch.graph.launch()
        except RuntimeError:
            with gpu_errors_in_words(self._device, self._title(stretch, way)):
                raise

    def _capture(self, stretch: "_Stretch", way: str) -> None:
        """Make the graph of a stretch; say so, and go on without, if CUDA refuses."""
        try:
            stretch.graph = self._recorded(stretch.steps)
            stretch.graph.upload()
        except RuntimeError as error:  # of CUDA, or of CuPy, which has not implemented it
            stretch.graph, stretch.is_captured = None, False
            warnings.warn(
                f"{self._title(stretch, way)} cannot be captured ({error}); its calls run one by"
                f" one, which is slower; {_VARIABLE}=0 in the environment does so without a try",
                stacklevel=2,
            )

    def _recorded(self, steps: Sequence[Step]) -> Any:
        """Return the graph of calls, given to a stream that notes them down instead of running."""
        if self._stream is None:
            # Beside a stream that waits for the legacy one nothing else could go on.
            self._stream = self._device.xp.cuda.Stream(non_blocking=True)
        with self._stream as stream:
            stream.begin_capture()
            try:
                for _, run in steps:
                    run()
            except BaseException:
                _abandon(stream)
                raise
            return stream.end_capture()

    def _title(self, stretch: "_Stretch", way: str) -> str:
        first, last = (self._name(stretch.steps[i][0]) for i in (0, -1))
        return f"the CUDA graph of the {way} calls from {first} to {last}"


@dataclass
class _Stretch:
    """Neighbouring calls of which all are captured, or none."""

    steps: Sequence[Step]
    is_captured: bool
    graph: Any = None


@dataclass
class _Pass:
    way: str
    stretches: Sequence[_Stretch]
    is_warm: bool = False


def _stretches(steps: Sequence[Step]) -> list[_Stretch]:
    parts = groupby(steps, lambda step: isinstance(step[1], Launches))
    return [_Stretch(list(own), is_captured) for is_captured, own in parts]


def _abandon(stream: Any) -> None:
    """Leave the capture of a stream that something went wrong in."""
    try:
        stream.end_capture()
    except RuntimeError:  # it was spoilt already, and has ended all the same
        return

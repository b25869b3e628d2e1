"""How long a net and each of its layers take."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, median
from time import perf_counter

from netdef.data.progress import Progress, Tally
from netdef.device import Device
from netdef.executor import Way
from netdef.net import Net

WARM_UP = 2
"""Passes that are not counted: caches, threads and kernels get ready in them."""


@dataclass(frozen=True)
class Times:
    """What one thing took, run after run, in milliseconds."""

    runs: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean, in ms."""
        return fmean(self.runs)

    @property
    def median(self) -> float:
        """The median, in ms: what a disturbed run does not move."""
        return median(self.runs)


@dataclass(frozen=True)
class NetTimes:
    """Times of whole passes, as training runs them, and of each layer run on its own."""

    forward: Times
    backward: Times
    both: Times
    layers_forward: tuple[Times, ...]
    layers_backward: tuple[Times, ...]


def measure(net: Net, iterations: int, progress: Progress | None = None) -> NetTimes:
    """Time ``iterations`` passes of the whole net, then as many layer by layer."""
    tally = Tally(progress, 2 * (WARM_UP + iterations))
    executor, layers = net.executor, range(len(net.layer_names))
    watch = _Stopwatch(net.device)

    def clock(run: Callable[[], None]) -> float:
        start = perf_counter()
        run()
        net.device.wait()
        return 1000 * (perf_counter() - start)

    def whole() -> list[float]:
        return [clock(executor.forward), clock(executor.backward)]

    def one_by_one() -> list[float]:
        watch.times.clear()
        executor.forward()
        executor.backward()
        ways: tuple[Way, ...] = ("forward", "backward")
        return [watch.times.get((way, layer), 0.0) for way in ways for layer in layers]

    whole_runs = _repeat(whole, iterations, tally)
    executor.observer = watch
    layer_runs = [Times(runs) for runs in _repeat(one_by_one, iterations, tally)]
    executor.observer = None
    forward, backward = whole_runs
    return NetTimes(
        Times(forward),
        Times(backward),
        Times(tuple(f + b for f, b in zip(forward, backward, strict=True))),
        tuple(layer_runs[: len(layers)]),
        tuple(layer_runs[len(layers) :]),
    )


class _Stopwatch:
    """Takes the time of each layer, in milliseconds, with nothing left to do for the device."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.times: dict[tuple[Way, int], float] = {}
        self._start = 0.0

    def before(self, way: Way, node: int) -> None:
        self._device.wait()
        self._start = perf_counter()

    def after(self, way: Way, node: int) -> None:
        self._device.wait()
        self.times[way, node] = 1000 * (perf_counter() - self._start)


def _repeat(
    run: Callable[[], list[float]], iterations: int, tally: Tally
) -> list[tuple[float, ...]]:
    """Return, for each thing that ``run`` times, its times in all counted runs."""
    kept = []
    for i in range(WARM_UP + iterations):
        times = run()
        if i >= WARM_UP:
            kept.append(times)
        tally.count()
    return list(zip(*kept, strict=True))

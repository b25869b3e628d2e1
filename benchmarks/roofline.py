"""Say what each layer of a training step reaches of what the machine can do.

Prints GFLOP/s by layer, forward and backward, beside the rate that one large convolution or
one large product reaches on the same engine in the same run (before and after; the higher
one counts), and GB/s beside a large copy. Bytes are those of the arrays that a call reads and
writes, each once, so that small layers, which stay in the caches, may surpass the copy.

On a GPU the rates are those of CuPy's product and copy; a layer's time ends when the GPU is done
with it, so a step takes longer than in training, where it runs as CUDA graphs.

`at best` is the time at the peak or at the full bandwidth, whichever is longer, and `above`
what the layer takes more: where the rest of the time goes.
"""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median

import click
from comparison import NETS
from contenders import Netdef, Task
from device_choice import device_option
from gpu_peaks import GpuPeaks, rounding_environment
from layer_clock import clock_steps
from peaks import Peaks, measure_peaks
from plan_work import Work, bytes_moved, flops
from sides import thread_environment

from netdef.errors import NetdefError
from netdef.plan import Plan
from netdef.program import Call
from netdef.table import Row, table


@dataclass(frozen=True)
class Line:
    """One layer in one direction: milliseconds, operations and bytes."""

    layer: str
    type: str
    way: str
    ms: float
    flops: int
    bytes: int

    def ms_at_best(self, peaks: Peaks) -> float:
        """Return the milliseconds it would take at the peak, or at the full bandwidth."""
        return Work(self.flops, self.bytes).ms_at_best(peaks.compute, peaks.copy)


@dataclass(frozen=True)
class Roofline:
    """The layers of a training step, the milliseconds of the step, and the peaks."""

    lines: tuple[Line, ...]
    step: float
    peaks: Peaks


def measure_apart(task: Task, steps: int, threads: int) -> Roofline:
    """Measure in a process of its own, which begins with so many threads.

    Raises:
        ConfigError: the net is wrong, or this processor does not compute in that precision.
    """
    os.environ.update(thread_environment(threads) | rounding_environment(task.precision))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, task, steps).result()


def measure(task: Task, steps: int) -> Roofline:
    """Measure the peaks, the layers, and the peaks once more."""
    before = _peaks(task)
    solver = Netdef(task).solver
    times, whole = clock_steps(solver, steps)
    net, plan = solver.net, solver.net.plan
    lines = []
    for (way, node), ms in times.items():
        count = flops(plan, way).get(node, 0)
        moved = sum(bytes_moved(c) for c in _calls(plan, way) if c.node == node)
        name, kind = net.layer_names[node], net.layer_types[node]
        lines.append(Line(name, kind, way, median(ms), count, moved))
    return Roofline(tuple(lines), median(whole), before.or_higher(_peaks(task)))


def _peaks(task: Task) -> Peaks:
    """Measure the rates of the engines on a CPU, or of CuPy's product and copy on a GPU."""
    if task.gpu is None:
        return measure_peaks(task.precision)
    return Peaks(convolution=0, **GpuPeaks(task.gpu, task.precision).about())


def _calls(plan: Plan, way: str) -> Sequence[Call]:
    return plan.forward if way == "forward" else plan.backward


def roofline_table(found: Roofline, top: int) -> str:
    """Return the slowest ``top`` layers (0: all), the sums of both ways, and the update."""
    peaks, lines = found.peaks, sorted(found.lines, key=lambda line: -line.ms)
    rows = [_row(line, line.ms_at_best(peaks), found) for line in lines[: top or None]]
    for way in ("forward", "backward"):
        own = [line for line in lines if line.way == way]
        sums = [sum(getattr(line, name) for line in own) for name in ("ms", "flops", "bytes")]
        best = sum(line.ms_at_best(peaks) for line in own)
        rows.append(_row(Line("all layers", "", way, *sums), best, found))
    rest = found.step - sum(line.ms for line in lines)
    rows.append(("update, rest", "", "", f"{rest:.2f}", _share(rest, found.step), *[""] * 6))
    head = ("layer", "type", "", "ms", "of step", "GFLOP/s", "of peak", "GB/s", "of copy")
    convolution = f"convolution {peaks.convolution:.0f}, " if peaks.convolution else ""
    lead = (
        f"step {found.step:.2f} ms; peak {peaks.compute:.0f} GFLOP/s"
        f" ({convolution}product {peaks.product:.0f}), copy {peaks.copy:.1f} GB/s"
    )
    return f"{lead}\n{table((*head, 'at best', 'above'), rows)}"


def _row(line: Line, best: float, found: Roofline) -> Row:
    compute, memory = line.flops / line.ms / 1e6, line.bytes / line.ms / 1e6
    return (
        *(line.layer, line.type, line.way, f"{line.ms:.2f}", _share(line.ms, found.step)),
        *((f"{compute:.0f}", _share(compute, found.peaks.compute)) if line.flops else ("", "")),
        *(f"{memory:.1f}", _share(memory, found.peaks.copy)),
        *(f"{best:.2f}", f"{line.ms - best:.2f}"),
    )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}"


@click.command(help=__doc__)
@click.argument("net")
@click.option("--batch", default=0, help="Images a batch; the prototxt's own by default.")
@click.option("--steps", default=10, show_default=True, help="Training steps to measure.")
@click.option("--threads", default=2, show_default=True)
@click.option("--top", default=0, help="Only the slowest layers; 0 for all.")
@click.option(
    "--precision", type=click.Choice(["f32", "bf16", "tf32"]), default="f32", show_default=True
)
@device_option("cpu")
def main(
    net: str, batch: int, steps: int, threads: int, top: int, precision: str, gpu: int | None
) -> None:
    """NET is a name in nets/, or the path of a train net on Input layers data and label."""
    path = net if net.endswith(".prototxt") else str(NETS / f"{net}.prototxt")
    try:
        found = measure_apart(Task(path, batch, precision=precision, gpu=gpu), steps, threads)
    except NetdefError as error:
        raise click.ClickException(str(error)) from error
    print(roofline_table(found, top))


if __name__ == "__main__":
    main()

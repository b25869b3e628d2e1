"""Compare netdef with PyTorch: the same nets, weights, batches and number of threads.

Each side runs in a process of its own, and they take turns: what disturbs the machine
disturbs all of them. PyTorch runs as a user starts it and with its allocator tuned, both in
NCHW and channels_last; the faster layout counts.
"""

import importlib.util
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import click
from contenders import Netdef, Task, Torch
from lane import Lane, Make, Round

from netdef.errors import NetdefError, RunError

NETS = Path(__file__).with_name("nets")
SMALL = "lenet,cifar10_quick"
LAYOUTS = ("contiguous_format", "channels_last")
TUNED = {
    "MALLOC_MMAP_THRESHOLD_": "20000000000",
    "MALLOC_TRIM_THRESHOLD_": "20000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""Keeps freed memory in the process; worth 1.5 to 1.8 times to PyTorch on the CPU."""
_LARGEST_DIFFERENCE = 1e-3
_PAUSE = 0.1
"""Seconds between two sides, in which idle threads of the first stop spinning."""


@dataclass(frozen=True)
class Side:
    """What runs a net, and the environment of its process."""

    name: str
    make: Make
    arguments: tuple[str, ...]
    env: dict[str, str]


@dataclass(frozen=True)
class Result:
    """What one side took: milliseconds an iteration, and its process's memory in MB."""

    net: str
    side: str
    batch: int
    forward_median: float
    forward_min: float
    train_median: float
    train_min: float
    images_per_second: float
    peak_mb: float


def sides(threads: int, has_torch: bool) -> list[Side]:
    """Return netdef and, where it is installed, the four forms of PyTorch."""
    env = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL")}
    found = [Side("netdef", Netdef, (), env)]
    for form, more in (("torch", {}), ("torch tuned", TUNED)) if has_torch else ():
        found += [Side(f"{form} {layout}", Torch, (layout,), env | more) for layout in LAYOUTS]
    return found


def check_losses(task: Task, given: Sequence[Side]) -> str:
    """Run netdef and each layout of PyTorch once, without dropout; say what they computed.

    Raises:
        RunError: the losses differ.
    """
    still = Task(task.path, task.batch, drops_out=False)
    losses: dict[str, float] = {}
    for side in given[: 1 + len(LAYOUTS)]:
        with closing(Lane(side.make, (still, *side.arguments), side.env)) as lane:
            losses[side.name] = lane.loss()
    words = ", ".join(f"{name} {loss:.6f}" for name, loss in losses.items())
    if max(losses.values()) - min(losses.values()) > _LARGEST_DIFFERENCE * max(losses.values()):
        raise RunError(f"{task.path}: the losses differ: {words}")
    return words


def measure(task: Task, given: Sequence[Side], rounds: int, seconds: float) -> list[Result]:
    """Let the sides take turns for so many rounds of about ``seconds`` each."""
    with ExitStack() as stack:
        lanes = [
            stack.enter_context(closing(Lane(s.make, (task, *s.arguments), s.env))) for s in given
        ]
        for lane in lanes:
            lane.run(1)
        once = [min(lane.run(2).train) for lane in lanes]
        counts = [max(1, round(seconds * 1e3 / 1.4 / ms)) for ms in once]
        taken: list[list[Round]] = [[] for _ in lanes]
        for _ in range(rounds):
            for lane, count, found in zip(lanes, counts, taken, strict=True):
                time.sleep(_PAUSE)
                found.append(lane.run(count))
        return [
            summary(task, side.name, found, lane.peak_megabytes())
            for side, found, lane in zip(given, taken, lanes, strict=True)
        ]


def summary(task: Task, side: str, rounds: Sequence[Round], peak: float) -> Result:
    """Put the rounds of one side together."""
    forward = [ms for r in rounds for ms in r.forward]
    train = [ms for r in rounds for ms in r.train]
    batch = task.text().net.layer[0].input_param.shape[0].dim[0]
    return Result(
        net=Path(task.path).stem,
        side=side,
        batch=batch,
        forward_median=median(forward),
        forward_min=min(forward),
        train_median=median(train),
        train_min=min(train),
        images_per_second=1e3 * batch / median(train),
        peak_mb=peak,
    )


def table(results: Sequence[Result]) -> str:
    """Return the results of one net as text; ratios are netdef's time over the other's."""
    lines = [
        f"{'':32}{'forward ms':>16}{'training step ms':>20}{'images/s':>10}{'peak MB':>9}",
        f"{'':32}{'median':>8}{'min':>8}{'median':>12}{'min':>8}",
    ]
    for r in results:
        lines.append(
            f"{r.side:32}{r.forward_median:8.2f}{r.forward_min:8.2f}{r.train_median:12.2f}"
            f"{r.train_min:8.2f}{r.images_per_second:10.0f}{r.peak_mb:9.0f}"
        )
    mine = results[0]
    for name, best in best_of_each_form(results[1:]).items():
        lines.append(
            f"{'netdef / ' + name:32}{mine.forward_median / best.forward_median:8.2f}"
            f"{mine.forward_min / best.forward_min:8.2f}"
            f"{mine.train_median / best.train_median:12.2f}{mine.train_min / best.train_min:8.2f}"
        )
    return "\n".join(lines)


def best_of_each_form(results: Sequence[Result]) -> dict[str, Result]:
    """Return the faster layout's result of each form of PyTorch, by the form's name."""
    best: dict[str, Result] = {}
    for result in sorted(results, key=lambda r: r.train_median, reverse=True):
        best[result.side.rpartition(" ")[0]] = result
    return dict(sorted(best.items()))


@click.command(help=__doc__)
@click.option("--nets", default=SMALL, show_default=True, help="Names in nets/, or 'all'.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--seconds", default=1.0, show_default=True, help="About how long a turn is.")
@click.option("--threads", default=2, show_default=True, help="Threads of each side.")
@click.option("--batch", default=0, help="Images a batch; the prototxt's own by default.")
@click.option("--json", "json_path", type=click.Path(), help="Write the numbers here too.")
def main(
    nets: str, rounds: int, seconds: float, threads: int, batch: int, json_path: str | None
) -> None:
    """Measure each net and print a table."""
    has_torch = importlib.util.find_spec("torch") is not None
    if not has_torch:
        print("PyTorch is not installed: these are netdef's figures alone.")
    names = sorted(p.stem for p in NETS.glob("*.prototxt")) if nets == "all" else nets.split(",")
    given, results = sides(threads, has_torch), []
    for name in names:
        task = Task(str(NETS / f"{name}.prototxt"), batch)
        try:
            losses = check_losses(task, given)
            print(f"\n{name}, {threads} threads; losses without dropout agree: {losses}")
            found = measure(task, given, rounds, seconds)
        except NetdefError as error:
            raise click.ClickException(str(error)) from error
        print(table(found), flush=True)
        results += found
    if json_path:
        Path(json_path).write_text(json.dumps([asdict(r) for r in results], indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Hold the memory that training takes on a GPU against what the plan says beforehand.

Each net trains for a few steps in a process of its own. The plan counts the arrays between
layers, scratch memory, weights, gradients and what the rule remembers; `held` is what CuPy
holds of the GPU for arrays, and `in use` all that is in use there, by CUDA itself, the kernels,
libraries and other processes too. Fails where held and planned are more than 5 % apart.
"""

import multiprocessing
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from comparison import nets_named
from contenders import Netdef, Task, plan_facts, pool_megabytes
from device_choice import device_option

from netdef.errors import NetdefError
from netdef.solvers.update import checked_rule
from netdef.table import table

_STEPS = 3
_APART = 0.05
"""The largest part of the plan's memory that it may be off by."""


@dataclass(frozen=True)
class Memory:
    """MB of 10^6 bytes: planned, held for arrays, and in use on the whole device."""

    net: str
    planned: float
    held: float
    in_use: float

    @property
    def off(self) -> float:
        """How much more is held than was planned, as a part of the plan."""
        return self.held / self.planned - 1

    @property
    def is_as_planned(self) -> bool:
        """True if both are at most 5 % apart."""
        return abs(self.held - self.planned) <= _APART * self.planned


def measure_apart(task: Task) -> Memory:
    """Measure in a new process.

    Raises:
        NetdefError: the net cannot run there.
        BrokenProcessPool: the process was ended.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, task).result()


def measure(task: Task) -> Memory:
    """Train for a few steps, and see what is held then."""
    if task.gpu is None:
        tracemalloc.start()
    netdef = Netdef(task)
    solver, plan = netdef.solver, netdef.net.plan
    solver.step(1)
    if task.gpu is not None:
        _forget_what_is_free()  # the batch that was filled in came by another array
    solver.step(_STEPS)
    solver.net.device.wait()
    histories = len(checked_rule(solver.param).histories) * plan.weight_bytes / 1e6
    planned = plan_facts(plan)["plan_mb"] + histories
    if task.gpu is None:
        held = _megabytes_of_numpy()
        return Memory(Path(task.path).stem, planned, held, held)
    return Memory(Path(task.path).stem, planned, pool_megabytes(), _megabytes_in_use())


def _forget_what_is_free() -> None:
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()


def _megabytes_of_numpy() -> float:
    arrays = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)
    traces = tracemalloc.take_snapshot().filter_traces([arrays]).traces
    return sum(trace.size for trace in traces) / 1e6


def _megabytes_in_use() -> float:
    import cupy

    free, total = cupy.cuda.runtime.memGetInfo()
    return float(total - free) / 1e6


def memory_rows(found: list[Memory]) -> str:
    """Return a line for each net; ``apart`` is said."""
    rows = [
        (
            *(m.net, round(m.planned), round(m.held), f"{m.off:+.1%}", round(m.in_use)),
            "" if m.is_as_planned else "apart",
        )
        for m in found
    ]
    return table(("MB", "planned", "held", "off by", "in use", ""), rows)


@click.command(help=__doc__)
@click.option("--nets", default="all", show_default=True, help="Of nets/, or 'all'.")
@click.option("--precision", default="f32", show_default=True)
@click.option("--batch", default=256, show_default=True, help="Images a batch.")
@device_option()
def main(nets: str, precision: str, batch: int, gpu: int | None) -> None:
    """Measure each net, and print all of them."""
    found, failed = [], []
    for path in nets_named(nets):
        try:
            found.append(measure_apart(Task(str(path), batch, precision=precision, gpu=gpu)))
        except (NetdefError, BrokenProcessPool) as error:
            failed.append(path.stem)
            print(f"{path.stem}: {error}", flush=True)
    print(memory_rows(found))
    apart = [m.net for m in found if not m.is_as_planned]
    if apart or failed:
        raise click.ClickException(f"not as planned: {', '.join([*apart, *failed])}")


if __name__ == "__main__":
    main()

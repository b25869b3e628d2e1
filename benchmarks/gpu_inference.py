"""Compare the use of trained nets on a GPU by netdef and PyTorch: the same nets and images.

The nets end at their scores, in float32 without rounding to TF32. The images lie on the GPU; a
run ends when the scores lie on the host. PyTorch runs in ``eval`` and ``inference_mode``, in
NCHW and channels_last, as it is, compiled with frozen weights, and so with CUDA graphs. Each of
them runs alone first; the fastest, and who comes close, then takes turns with netdef. Ratios are
PyTorch's time over netdef's: above 1, netdef is that many times as fast.
"""

from itertools import product
from pathlib import Path

import click
from agreement import check_agreement
from comparison import Comparison, has_torch, nets_named, print_comparison
from contenders import Task
from device_choice import device_option
from heats import heat_table, plain_ones, race
from inference_contenders import NetdefInference, TorchInference
from results import Result, net_table, result_of
from sides import Side, torch_sides_on_gpu
from targets import Target

_LARGEST_DIFFERENCE = 1e-3
_TARGETS = {"torch": Target(1.0, 1.0)}


def compare(task: Task, how: Comparison) -> list[Result]:
    """Check and measure one net at one batch; print its tables, and return the results.

    Raises:
        RunError: the scores differ, or a process failed.
    """
    name = f"{Path(task.path).stem}, batch {task.images}"
    mine = Side("netdef", "", NetdefInference, (task,), {})
    others = torch_sides_on_gpu(TorchInference, task, how.compiles) if how.forms else []
    distance = check_agreement(name, [mine, *plain_ones(others)], _LARGEST_DIFFERENCE)
    found = race(name, mine, others, how.rounds, how.seconds)
    results = [result_of(task, taken) for taken in found.final]
    print(f"\nscores agree to {distance:.1g}\n{net_table(results)}", flush=True)
    if found.heats:
        print(f"\n{heat_table(task, found)}", flush=True)
    return results


@click.command(help=__doc__)
@click.option("--nets", default="all", show_default=True, help="Of nets/, or 'all'.")
@click.option("--batches", default="1,32", show_default=True, help="Images a batch.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--seconds", default=1.0, show_default=True, help="About how long a turn is.")
@click.option("--compile/--no-compile", "compiles", default=True, show_default=True)
@device_option()
def main(
    nets: str, batches: str, rounds: int, seconds: float, compiles: bool, gpu: int | None
) -> None:
    """Measure each net at each batch; print its tables, and at the end a summary."""
    forms = ("torch",) if has_torch() else ()
    how = Comparison(nets_named(nets), rounds, seconds, 0, forms, compiles)
    tasks = [
        Task(str(path), int(size), gpu=gpu) for path, size in product(how.nets, batches.split(","))
    ]
    print_comparison(how, (lambda t=t: compare(t, how) for t in tasks), _TARGETS)


if __name__ == "__main__":
    main()

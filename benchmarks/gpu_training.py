"""Compare training on a GPU by netdef and PyTorch: the same nets, weights and batches.

PyTorch runs in NCHW and channels_last, as it is, compiled, and compiled with CUDA graphs, in
bf16 under autocast, in each case with cuDNN's search for the fastest kernels and the fused
optimizer. Each of them runs alone first; the fastest, and who comes close, then takes turns
with netdef, each in a process of its own. The clock is read every 20 steps, as a training waits
for its GPU now and then. Ratios are PyTorch's time over netdef's: above 1, netdef is that many
times as fast.

Beside it stands what the plan has to do: the operations of convolutions and products at the
rate of a large product, or the bytes that calls read and write at the rate of a large copy,
whichever is longer of each call, both rates measured in the same run.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path

import click
from agreement import check_agreement
from comparison import Comparison, has_torch, nets_named, write_json
from contenders import Task, Torch
from device_choice import device_option
from gpu_floor import NetdefWithWork, floor_text
from gpu_peaks import measure_rates
from heats import heat_table, plain_ones, race
from plan_work import Work
from results import Result, net_table, result_of
from sides import Side, torch_sides_on_gpu
from targets import TRAINING_ON_GPU, memory_table, summary

from netdef.errors import NetdefError

PRECISIONS = ("bf16", "f32", "tf32")
_LARGEST_DIFFERENCE = {"f32": 1e-3, "tf32": 1e-2, "bf16": 1e-2}
"""Of two losses, as a part of them."""


def compare(task: Task, how: Comparison) -> list[Result]:
    """Check and measure one net; print its tables, and return the results, netdef's first.

    Raises:
        RunError: the losses differ, or a process failed.
    """
    name = f"{Path(task.path).stem} {task.precision}"
    mine, others = _sides(task, how)
    still, theirs = _sides(replace(task, drops_out=False), how)
    largest = _LARGEST_DIFFERENCE[task.precision]
    distance = check_agreement(name, [still, *plain_ones(theirs)], largest)
    rates = measure_rates(task.gpu, task.precision)
    found = race(name, mine, others, how.rounds, how.seconds)
    rates = rates.or_higher(measure_rates(task.gpu, task.precision))
    results = [result_of(task, taken) for taken in found.final]
    floor = floor_text([Work(*w) for w in results[0].about.pop("work")], results[0], rates)
    print(f"\nlosses without dropout agree to {distance:.1g}\n{net_table(results)}")
    for text in filter(None, (heat_table(task, found), floor)):
        print(f"\n{text}", flush=True)
    return results


def _sides(task: Task, how: Comparison) -> tuple[Side, list[Side]]:
    others = torch_sides_on_gpu(Torch, task, how.compiles) if how.forms else []
    return Side("netdef", "", NetdefWithWork, (task,), {}), others


@click.command(help=__doc__)
@click.option("--nets", default="all", show_default=True, help="Of nets/, or 'all'.")
@click.option("--precisions", default="bf16,f32", show_default=True, help=", ".join(PRECISIONS))
@click.option("--batch", default=256, show_default=True, help="Images a batch.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--seconds", default=1.0, show_default=True, help="About how long a turn is.")
@click.option("--compile/--no-compile", "compiles", default=True, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Numbers, too.")
@device_option()
def main(
    nets: str,
    precisions: str,
    batch: int,
    rounds: int,
    seconds: float,
    compiles: bool,
    json_path: Path | None,
    gpu: int | None,
) -> None:
    """Measure each net in each precision; print its tables, and at the end a summary."""
    names = precisions.split(",")
    for name in names:
        if name not in PRECISIONS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(PRECISIONS)}")
    forms = ("torch",) if has_torch() else ()
    how = Comparison(nets_named(nets), rounds, seconds, 0, forms, compiles, json_path)
    tasks = [
        Task(str(path), batch, precision=name, gpu=gpu) for path, name in product(how.nets, names)
    ]
    found, failed = measure_all(tasks, how)
    print_summaries(found)
    if failed:
        raise click.ClickException(f"not measured: {', '.join(failed)}; see above why")


def measure_all(tasks: list[Task], how: Comparison) -> tuple[list[list[Result]], list[str]]:
    """Compare one after the other; return what was found, and the names of those that failed."""
    found: list[list[Result]] = []
    failed = []
    for task in tasks:
        try:
            found.append(compare(task, how))
        except NetdefError as error:
            failed.append(f"{Path(task.path).stem} {task.precision}")
            print(f"\n{failed[-1]}: {error}", flush=True)
        write_json(how, found)
    return found, failed


def print_summaries(found: list[list[Result]]) -> None:
    """Print, of each precision, the ratios beside what is to be reached, and the memory."""
    for precision in PRECISIONS:
        nets = [results for results in found if results[0].precision == precision]
        if any(len(results) > 1 for results in nets):
            print(f"\n{precision}: {summary(nets, TRAINING_ON_GPU[precision])}")
        if nets:
            print(f"\n{memory_table(nets, 'arrays on the GPU')}")


if __name__ == "__main__":
    main()

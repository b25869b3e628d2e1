"""Compare training on netdef and PyTorch: the same nets, weights, batches and threads.

Each side runs in a process of its own, and they take turns: what disturbs the machine
disturbs all of them. PyTorch runs as a user starts it and with its allocator tuned, each in
NCHW and channels_last, as it is and compiled; the fastest of each form counts. Ratios are
PyTorch's time over netdef's: above 1, netdef is that many times as fast.
"""

from dataclasses import replace
from pathlib import Path

import click
from agreement import check_agreement
from comparison import Comparison, comparison_options, print_comparison
from contenders import Netdef, Task, Torch
from results import Result, net_table, result_of
from sides import Side, thread_environment, torch_sides
from targets import TRAINING
from turns import take_turns

from netdef.precision import checked_precision

_LARGEST_DIFFERENCE = {"f32": 1e-3, "bf16": 1e-2}
"""Of two losses, as a part of them; a bf16 number has 8 bits."""


def sides(task: Task, how: Comparison) -> list[Side]:
    """Return netdef, in bf16 its own f32 too, and the forms of PyTorch."""
    env = thread_environment(how.threads)
    found = [Side("netdef", "", Netdef, (task,), env)]
    if task.precision != "f32":
        found.append(Side("netdef f32", "", Netdef, (replace(task, precision="f32"),), env))
    return [*found, *torch_sides(Torch, task, how.forms, how.compiles, how.threads)]


def compare(task: Task, how: Comparison) -> list[Result]:
    """Check and measure one net; print its table, and return the results, netdef's first.

    Raises:
        ConfigError: this processor does not compute in that precision.
        RunError: the losses differ, or a process failed.
    """
    checked_precision(task.precision.upper(), "outputs", is_gpu=False)
    name = Path(task.path).stem
    still = sides(replace(task, drops_out=False), how)
    distance = check_agreement(name, still, _LARGEST_DIFFERENCE[task.precision])
    taken = take_turns(name, sides(task, how), how.rounds, how.seconds)
    results = [result_of(task, t) for t in taken]
    print(f"\nlosses without dropout agree to {distance:.1g}\n{net_table(results)}", flush=True)
    return results


@click.command(help=__doc__)
@comparison_options
@click.option("--batch", default=0, help="Images a batch; the prototxt's own by default.")
@click.option("--precision", type=click.Choice(["f32", "bf16"]), default="f32", show_default=True)
def main(how: Comparison, batch: int, precision: str) -> None:
    """Measure each net; print its table, and at the end a summary."""
    tasks = [Task(str(path), batch, precision=precision) for path in how.nets]
    print_comparison(how, (lambda t=t: compare(t, how) for t in tasks), TRAINING)


if __name__ == "__main__":
    main()

"""``netdef lr-find``: trains with a growing rate, and suggests one."""

from typing import TYPE_CHECKING

import click

from netdef.tools import device_options, options, solver_options
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    from netdef.tools.gpu_numbers import Gpus


@click.command("lr-find", cls=options.Command)
@solver_options.changes
@solver_options.solver
@click.option(
    "--from", "first", default=1e-6, show_default=True, metavar="RATE", help="The first rate."
)
@click.option("--to", "last", default=1.0, show_default=True, metavar="RATE", help="The last rate.")
@click.option(
    "--iterations",
    default=100,
    show_default=True,
    type=click.IntRange(min=20),
    help="Iterations from the first rate to the last.",
)
@options.picture
@solver_options.gpus
@options.allow_python
def command(
    changes: tuple[str, ...],
    solver: str,
    first: float,
    last: float,
    iterations: int,
    out: str,
    gpu: "Gpus | None",
    split_batch: bool,
) -> None:
    """Train with a rate that grows by a factor each iteration, and suggest one.

    Draws the loss over the rate. It ends where the loss has grown to four times its lowest
    value. Nothing else is written.
    """
    from netdef.errors import RunError
    from netdef.prototxt import read_solver
    from netdef.solvers.configuration import override
    from netdef.solvers.drawing import check_picture, draw_sweep
    from netdef.solvers.lr_search import sweep

    check_picture(out)
    device_options.use_gpus(gpu)
    param = override(read_solver(solver), solver, changes)
    with progress_bar("lr-find") as tell:
        found = sweep(param, solver, first, last, iterations, tell, split_batch)
    draw_sweep(found, out)
    click.echo(f"Wrote {out}")
    if found.suggestion is None:
        raise RunError("the loss did not fall at any of these rates; try others")
    click.echo(f"base_lr: {found.suggestion:.2g}")

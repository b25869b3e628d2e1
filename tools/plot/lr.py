"""``netdef plot lr``: the learning rate that a solver's text asks for."""

import click

from netdef.tools import options, solver_options


@click.command("lr", cls=options.Command)
@click.argument("solver")
@solver_options.changes
@options.picture
def command(solver: str, changes: tuple[str, ...], out: str) -> None:
    """Draw the learning rate of each iteration that SOLVER, a prototxt, asks for.

    FIELD=VALUE changes a field of it first. A plateau is drawn as if it were never met.
    """
    from netdef.errors import ConfigError, at
    from netdef.prototxt import read_solver
    from netdef.solvers.configuration import override
    from netdef.solvers.drawing import draw_rates
    from netdef.solvers.epochs import check_epochs, in_iterations
    from netdef.solvers.schedule import rates

    param = override(read_solver(solver), solver, changes)
    with at(solver):
        check_epochs(param)
    param = in_iterations(param, solver)
    with at(solver):
        if param.max_iter < 1:
            raise ConfigError("neither max_iter nor max_epoch is set; one says when it ends")
        found = rates(param)
    draw_rates(found, 0, f"lr_policy: {param.lr_policy}", out)
    click.echo(f"Wrote {out}")

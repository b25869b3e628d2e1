"""``netdef train``: trains a net, or goes on from a snapshot."""

import click

from netdef.tools import options


@click.command("train", cls=options.Command)
@click.option("--solver", required=True, metavar="S", help="The solver's prototxt.")
@options.weights(required=False, help="Begin from these weights: layers of the same names.")
@click.option("--snapshot", metavar="STATE", help="Go on from this .solverstate.")
@options.gpu("without it, on what the solver_mode of the prototxt says")
@options.allow_python
def command(solver: str, weights: list[str], snapshot: str | None, gpu: int | None) -> None:
    """Train a net, or go on from a snapshot.

    Progress is drawn on a terminal; elsewhere stderr gets a log in Caffe's words. Ctrl-C
    writes a snapshot when the iteration is done, and stops; SIGHUP writes one.
    """
    if weights and snapshot:
        raise click.UsageError(
            "give --weights to begin from, or --snapshot to go on from, not both"
        )
    from netdef.prototxt import read_solver
    from netdef.solvers import Solver
    from netdef.tools.reporting import reporter

    options.use_gpu(gpu)
    hears = reporter()
    trained = Solver(read_solver(solver), solver, keep="outputs", reporter=hears)
    for path in weights:
        click.echo(f"{path}: {trained.net.copy_from(path)}", err=True)
    with hears.hearing_signals(trained):
        trained.solve(snapshot)

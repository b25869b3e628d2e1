"""What a run of a solver says on stderr and writes into files, and how it ends."""

import sys

import click

from netdef.solvers import Solver
from netdef.solvers.log_reporter import LogReporter
from netdef.solvers.progress import Progress
from netdef.solvers.reporter import Reporter
from netdef.solvers.signals import Effect, hearing_signals


def on_stderr() -> Reporter:
    """Return a reporter that draws on a terminal, and writes Caffe's log lines elsewhere."""
    return Progress(sys.stderr) if sys.stderr.isatty() else LogReporter(sys.stderr)


def solve(
    solver: Solver,
    snapshot: str | None = None,
    sigint_effect: str = Effect.STOP.value,
    sighup_effect: str = Effect.SNAPSHOT.value,
    mend: str | None = None,
) -> None:
    """Train to the end; a signal that stops says how to go on, and exits as an interrupt does.

    ``mend`` is how, if not with the snapshot itself.
    """
    with hearing_signals(solver, sigint_effect, sighup_effect):
        solver.solve(snapshot)
    if solver.is_stopped:
        click.echo(f"stopped; go on with {mend or f'--snapshot {solver.last_snapshot}'}", err=True)
        raise click.Abort

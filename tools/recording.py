"""The files that a run of ``netdef train`` writes beside its snapshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.errors import at, cannot_write
from netdef.solvers import Solver
from netdef.solvers.configuration import write_configuration
from netdef.solvers.debug_info import DebugInfo
from netdef.solvers.line_file import LineFile
from netdef.solvers.log_reporter import LogReporter
from netdef.solvers.metrics_reporter import MetricsReporter
from netdef.solvers.profile import Profile
from netdef.solvers.reporter import Reporter
from netdef.solvers.several_reporters import SeveralReporters
from netdef.solvers.snapshots import Snapshots
from netdef.tools.reporting import on_stderr

if TYPE_CHECKING:
    from netdef.solvers.tensorboard_reporter import TensorboardReporter


@dataclass(frozen=True)
class Files:
    """Where a user wants a log, metrics, TensorBoard's events and a profile, if at all."""

    log: str | None = None
    metrics: str | None = None
    tensorboard: str | None = None
    profile: str | None = None


@contextmanager
def recorded(solver: Solver, files: Files, appends: bool) -> Iterator[None]:
    """Report what the solver does while the block runs; ``appends`` if an old run goes on.

    Raises:
        ConfigError: there is no folder for snapshots.
        RunError: a file cannot be written, or TensorBoard's writer is not installed.
    """
    snapshots = Snapshots(solver.param, solver.path)
    with at(solver.path):
        snapshots.check_folder()
    if files.profile and not Path(files.profile).parent.is_dir():
        raise cannot_write(files.profile, FileNotFoundError())
    write_configuration(solver.param, solver.path, snapshots.prefix)
    metrics = files.metrics or f"{snapshots.prefix}.metrics.jsonl"
    reporters: list[Reporter] = [on_stderr(), MetricsReporter(metrics, appends)]
    if files.log:
        reporters.append(LogReporter(LineFile(files.log, appends)))
    tensorboard = _tensorboard(solver, files.tensorboard) if files.tensorboard else None
    if solver.param.debug_info:
        reporters.append(DebugInfo(solver))
    profile = Profile(solver) if files.profile else None
    asked: list[Reporter] = [each for each in (tensorboard, profile) if each]
    solver.reporter = SeveralReporters([*reporters, *asked])
    try:
        yield
    finally:
        if tensorboard:
            tensorboard.close()
        if profile and files.profile:
            click.echo(profile.table(), err=True)
            profile.write(files.profile)


def _tensorboard(solver: Solver, folder: str) -> "TensorboardReporter":
    from netdef.solvers.tensorboard_reporter import TensorboardReporter

    return TensorboardReporter(solver, folder)

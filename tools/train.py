"""``netdef train``: trains a net, or goes on from a snapshot."""

from typing import TYPE_CHECKING

import click

from netdef.tools import device_options, options, solver_options

if TYPE_CHECKING:
    from netdef.loading import OnMismatch
    from netdef.proto import SolverParameter
    from netdef.tools.gpu_numbers import Gpus

_EFFECTS = click.Choice(["stop", "snapshot", "none"])


@click.command("train", cls=options.Command)
@solver_options.changes
@solver_options.solver
@options.weights(required=False, help="Begin from these weights: layers of the same names.")
@options.on_mismatch
@options.freeze
@options.lr_mult()
@click.option(
    "--snapshot",
    metavar="STATE",
    help="Go on from this .solverstate; auto: from the newest of snapshot_prefix, if any.",
)
@solver_options.gpus
@click.option("--dry-run", is_flag=True, help="Print what would be trained, and train nothing.")
@click.option("--log", metavar="FILE", help="Write the log in Caffe's words to FILE too.")
@click.option(
    "--metrics",
    metavar="FILE",
    help="Write the numbers as JSON lines to FILE, not to PREFIX.metrics.jsonl.",
)
@click.option(
    "--tensorboard",
    metavar="DIR",
    help="Write event files for TensorBoard into DIR: scalars, histograms, the graph, images.",
)
@click.option(
    "--debug-info",
    is_flag=True,
    help="Print the size of every blob, gradient and update when the loss is displayed.",
)
@click.option(
    "--profile",
    metavar="FILE",
    help="Print the time of each layer, and write a trace for browsers' trace viewers to FILE.",
)
@click.option(
    "--sigint-effect",
    type=_EFFECTS,
    default="stop",
    show_default=True,
    help="What Ctrl-C does when the iteration is done; to stop writes a snapshot first.",
)
@click.option(
    "--sighup-effect",
    type=_EFFECTS,
    default="snapshot",
    show_default=True,
    help="What SIGHUP does when the iteration is done.",
)
@click.option(
    "--on-nan",
    type=click.Choice(["stop", "continue", "rollback"]),
    help="What a loss that is no number does, instead of what the solver's on_nan says.",
)
@options.allow_python
def command(
    changes: tuple[str, ...],
    solver: str,
    weights: list[str],
    on_mismatch: "OnMismatch",
    frozen: list[str],
    rates: dict[str, float],
    snapshot: str | None,
    gpu: "Gpus | None",
    split_batch: bool,
    dry_run: bool,
    on_nan: str | None,
    debug_info: bool,
    sigint_effect: str,
    sighup_effect: str,
    log: str | None,
    metrics: str | None,
    tensorboard: str | None,
    profile: str | None,
) -> None:
    """Train a net, or go on from a snapshot.

    FIELD=VALUE changes a field of the solver for this run, and net.LAYER.FIELD=VALUE one of
    its net. Progress is drawn on a terminal; elsewhere stderr gets a log in Caffe's words.
    """
    if weights and snapshot:
        raise click.UsageError(
            "give --weights to begin from, or --snapshot to go on from, not both"
        )
    from netdef.prototxt import read_solver
    from netdef.solvers.configuration import override

    device_options.use_gpus(gpu)
    param = override(read_solver(solver), solver, changes)
    if frozen or rates:
        from netdef.solvers.net_rates import with_rates

        param = with_rates(param, solver, rates | dict.fromkeys(frozen, 0.0))
    param.on_nan = on_nan or param.on_nan
    param.debug_info |= debug_info
    if param.debug_info and profile:
        raise click.UsageError("debug_info would be in the times of --profile; leave out one")
    if debug_info and not param.display:
        raise click.UsageError("--debug-info prints when the loss is displayed; set display=N")
    if dry_run:
        _print_plan(param, solver, split_batch)
        return
    from netdef.solvers import Solver
    from netdef.tools.load_report import load
    from netdef.tools.recording import Files, recorded
    from netdef.tools.reporting import solve

    trained = Solver(param, solver, keep="outputs", splits_batch=split_batch)
    load(trained.net, weights, on_mismatch, err=True)
    with recorded(trained, Files(log, metrics, tensorboard, profile), appends=bool(snapshot)):
        solve(trained, snapshot, sigint_effect, sighup_effect)


def _print_plan(param: "SolverParameter", path: str, splits_batch: bool) -> None:
    from netdef.prototxt import to_text
    from netdef.showing import show_memory, show_shapes
    from netdef.solvers.configuration import in_two_files
    from netdef.solvers.dry_run import plan_run
    from netdef.solvers.snapshots import Snapshots

    planned = plan_run(param, path, splits_batch)
    prefix = Snapshots(param, path).prefix
    for name, message in zip(
        ("solver", "net"), in_two_files(planned.param, path, prefix), strict=True
    ):
        click.echo(f"# {prefix}.{name}.prototxt\n{to_text(message)}")
    nets = {"net to train": planned.train}
    nets |= {f"net to test #{i}": plan for i, plan in enumerate(planned.tests)}
    for title, plan in nets.items():
        click.echo(f"# {title}\n{show_shapes(plan.program)}\n\n{show_memory(plan)}\n")
    click.echo(f"history  {planned.history_bytes:,} bytes that solver type {param.type} keeps")

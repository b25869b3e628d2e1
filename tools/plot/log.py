"""``netdef plot log``: the curves of some runs in one picture."""

import click

from netdef.tools import options


@click.command("log", cls=options.Command)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@options.picture
def command(runs: tuple[str, ...], out: str) -> None:
    """Draw the losses, the test outputs and the rates of runs.

    RUN is a metrics file, or a log of netdef's or of Caffe's.
    """
    from netdef.solvers.drawing import draw_runs
    from netdef.solvers.reading_runs import read_runs

    draw_runs(read_runs(runs), out)
    click.echo(f"Wrote {out}")

"""What commands that take a solver share: its file, and fields that are changed for once."""

import click

from netdef.tools import device_options

solver = click.option("--solver", required=True, metavar="S", help="The solver's prototxt.")
changes = click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")
gpus = device_options.gpus("without it, on what the solver_mode of the prototxt says")

"""What the commands that write weights share."""

import click

out = click.option("--out", "-o", required=True, metavar="FILE", help="The new file of weights.")

"""What the commands that read features share."""

import click

blob = click.option(
    "--blob", metavar="NAME", help="Which blob's features, where F has those of several."
)

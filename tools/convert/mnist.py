"""``netdef convert mnist``: MNIST's files to databases."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("mnist", cls=options.Command)
@click.argument("folder", metavar="DIR")
@click.argument("out")
def command(folder: str, out: str) -> None:
    """Write mnist_train_lmdb and mnist_test_lmdb into OUT.

    DIR holds the four files of MNIST, with .gz or without.
    """
    from netdef.data.convert_mnist import convert_mnist

    with progress_bar("mnist") as tell:
        paths = convert_mnist(folder, out, tell)
    for path in paths:
        click.echo(f"Wrote {path}")

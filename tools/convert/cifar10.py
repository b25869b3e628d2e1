"""``netdef convert cifar10``: CIFAR-10's binary files to databases."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("cifar10", cls=options.Command)
@click.argument("folder", metavar="DIR")
@click.argument("out")
def command(folder: str, out: str) -> None:
    """Write cifar10_train_lmdb, cifar10_test_lmdb and mean.binaryproto into OUT.

    DIR holds data_batch_1.bin to data_batch_5.bin and test_batch.bin.
    """
    from netdef.data.convert_cifar10 import convert_cifar10

    with progress_bar("cifar10") as tell:
        paths = convert_cifar10(folder, out, tell)
    for path in paths:
        click.echo(f"Wrote {path}")

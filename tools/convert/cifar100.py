"""``netdef convert cifar100``: CIFAR-100's binary files to databases."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("cifar100", cls=options.Command)
@click.argument("folder", metavar="DIR")
@click.argument("out")
@click.option("--coarse", is_flag=True, help="Take the 20 coarse labels, not the 100 fine ones.")
def command(folder: str, out: str, coarse: bool) -> None:
    """Write cifar100_train_lmdb and cifar100_test_lmdb into OUT.

    DIR holds train.bin and test.bin.
    """
    from netdef.data.convert_cifar100 import convert_cifar100

    with progress_bar("cifar100") as tell:
        paths = convert_cifar100(folder, out, coarse, tell)
    for path in paths:
        click.echo(f"Wrote {path}")

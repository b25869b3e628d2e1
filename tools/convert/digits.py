"""``netdef convert digits``: scikit-learn's digits to databases."""

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("digits", cls=options.Command)
@click.argument("out")
def command(out: str) -> None:
    """Write digits_train_lmdb and digits_test_lmdb into OUT.

    They hold the 1,797 handwritten digits of 8x8 pixels that come with scikit-learn.
    """
    from netdef.data.convert_digits import convert_digits

    with progress_bar("digits") as tell:
        paths = convert_digits(out, tell)
    for path in paths:
        click.echo(f"Wrote {path}")

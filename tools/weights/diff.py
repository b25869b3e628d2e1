"""``netdef weights diff``: how two files of weights differ."""

from typing import TYPE_CHECKING

import click

from netdef.tools import options

if TYPE_CHECKING:
    from netdef.weight_files.differences import Differences


@click.command("diff", cls=options.Command)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Values that differ by no more than this are equal.",
)
def command(first: str, second: str, tolerance: float) -> None:
    """Tell how the weights A and B differ; exit with 0 if they do not, with 1 if they do."""
    from netdef.weight_files.differences import differences

    found = differences(first, second, tolerance)
    for path, names in ((first, found.only_first), (second, found.only_second)):
        for name in names:
            click.echo(f"only in {path}: {name}")
    for name, a, b in found.shapes:
        click.echo(f"other shapes: {name}: {_shapes(a)} and {_shapes(b)}")
    if found.values:
        click.echo(_table(found))
    if found:
        click.get_current_context().exit(1)
    click.echo(f"equal: {found.equal} blobs")


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes)


def _table(found: "Differences") -> str:
    from netdef.table import table

    rows = [
        (one.layer, one.blob, one.count, f"{one.absolute:.4g}", f"{one.relative:.4g}")
        for one in found.values
    ]
    head = ("layer", "blob", "values that differ", "largest difference", "relative")
    return table(head, rows)

"""``netdef convert imageset``: a list of images to a database."""

from typing import Any

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar

_PIXELS = click.IntRange(min=0)


@click.command("imageset", cls=options.Command)
@click.argument("root")
@click.argument("list_file", metavar="LIST")
@click.argument("out")
@click.option("--gray", is_flag=True, help="Store images as grey levels.")
@click.option("--shuffle", is_flag=True, help="Shuffle the list first.")
@click.option("--seed", default=0, show_default=True, help="Of --shuffle: another, another order.")
@click.option(
    "--backend",
    type=click.Choice(["lmdb", "leveldb"], case_sensitive=False),
    default="lmdb",
    show_default=True,
    help="The kind of database.",
)
@click.option("--resize-height", type=_PIXELS, default=0, help="Resize to so many pixels.")
@click.option("--resize-width", type=_PIXELS, default=0, help="Resize to so many pixels.")
@click.option("--check-size", is_flag=True, help="Refuse images of different sizes.")
@click.option("--encoded", is_flag=True, help="Store image files, not pixels.")
@click.option(
    "--encode-type",
    default="",
    metavar="TYPE",
    help="Of stored files: png, jpg ...; else as found.",
)
def command(root: str, list_file: str, out: str, backend: str, **how: Any) -> None:
    """Write the images that LIST names, below ROOT, to the new database OUT.

    A line of LIST is a file's name and its label, a number from 0.
    """
    from netdef.data.convert_images import convert_imageset

    with progress_bar("imageset") as tell:
        path = convert_imageset(root, list_file, out, backend=backend.upper(), progress=tell, **how)
    click.echo(f"Wrote {path}")

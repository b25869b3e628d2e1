"""``netdef convert imageset``: a list of images to a database."""

from typing import Any

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar

_PIXELS = click.IntRange(min=0)


def _two_or_three(
    ctx: click.Context, param: click.Parameter, paths: tuple[str, ...]
) -> tuple[str, ...]:
    if len(paths) not in (2, 3):
        raise click.UsageError("give ROOT LIST OUT, or ROOT OUT for a folder of class folders", ctx)
    return paths


@click.command("imageset", cls=options.Command)
@click.argument("paths", metavar="ROOT [LIST] OUT", nargs=-1, callback=_two_or_three)
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
@click.option(
    "--labels",
    type=click.IntRange(min=1),
    metavar="N",
    help="Lines of LIST end with N numbers, which are all kept.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Threads; as many as cores else."
)
@click.option("--skip-bad", is_flag=True, help="Name what cannot be taken, and go on without it.")
def command(
    paths: tuple[str, ...],
    backend: str,
    labels: int | None,
    workers: int | None,
    skip_bad: bool,
    **how: Any,
) -> None:
    """Write the images that LIST names, below ROOT, to the new database OUT.

    A line of LIST is a file's name and its label, a number from 0. Without LIST, ROOT holds a
    folder of images for each class.
    """
    from netdef.data.convert_images import convert_imageset

    root, *lists, out = paths
    skipped: list[str] = []
    with progress_bar("imageset") as tell:
        path = convert_imageset(
            root,
            lists[0] if lists else None,
            out,
            backend=backend.upper(),
            labels=labels or 0,
            workers=workers or 0,
            skip_bad=skipped.append if skip_bad else None,
            progress=tell,
            **how,
        )
    for message in skipped:
        click.echo(f"skipped {message}", err=True)
    click.echo(f"Wrote {path}" + (f", without {len(skipped)} of the images" if skipped else ""))

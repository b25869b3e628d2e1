"""``netdef db info``: what a database holds."""

from collections import Counter
from pathlib import Path

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar


@click.command("info", cls=options.Command)
@click.argument("database", metavar="DB")
def command(database: str) -> None:
    """Print the records of the database DB: how many, how large, of which labels.

    DB may be a folder that holds a folder of images for each class, too.
    """
    from netdef.data.image_folder import read_image_folder
    from netdef.data.lmdb_environment import is_leveldb, is_lmdb
    from netdef.table import table

    path = Path(database)
    if path.is_dir() and not (is_lmdb(path) or is_leveldb(path)):
        classes, images = read_image_folder(path)
        counts = Counter(image.label for image in images)
        click.echo(f"{database}: {len(images):,} image files\n")
        rows = [(str(label), name, counts[label]) for label, name in enumerate(classes)]
        click.echo(table(("label", "class", "images"), rows))
    else:
        _print_survey(database)


def _print_survey(database: str) -> None:
    from netdef.data.survey import survey
    from netdef.table import table

    with progress_bar("info") as tell:
        found = survey(database, tell)
    kinds = ", ".join(f"{count:,} of {kind}" for kind, count in found.kinds.most_common())
    click.echo(f"{database}: {found.records:,} records, {found.bytes:,} bytes; {kinds}")
    if found.damaged:
        click.echo(f"{len(found.damaged):,} are damaged: netdef db check names them")
    for head, counts in (("shape", found.shapes), ("label", found.labels)):
        click.echo()
        rows = sorted((key, number) for key, number in counts.items())
        click.echo(table((head, "records"), [(str(key), number) for key, number in rows]))

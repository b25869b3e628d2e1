"""``netdef zoo import``: weights from a file of the user's."""

from pathlib import Path

import click

from netdef.tools import options


@click.command("import", cls=options.Command)
@click.argument("source", metavar="FILE")
@click.option("--as", "name", metavar="NAME", help="What the file is, where it can be several.")
def command(source: str, name: str | None) -> None:
    """Take weights in from FILE, or from every .caffemodel of a folder.

    Its checksum tells what a file is, or else the names and shapes of its layers.
    """
    from netdef.model_zoo.importing import recognize, take_in

    if Path(source).is_dir():
        if name:
            raise click.UsageError(f"--as names one file, and {source} is a folder")
        _import_folder(Path(source))
        return
    found, how = recognize(Path(source), name)
    take_in(Path(source), found)
    click.echo(f"{source}: {found}, by {how}")


def _import_folder(folder: Path) -> None:
    from netdef.errors import ConfigError, NetdefError, at
    from netdef.model_zoo.importing import recognize, take_in, weights_in

    taken: dict[str, Path] = {}
    for file in weights_in(folder):
        try:
            found, how = recognize(file)
            if found in taken:
                with at(str(file)):
                    raise ConfigError(f"is {found!r}, as {taken[found]} is; import it alone")
        except NetdefError as error:
            click.echo(f"not taken in: {error}", err=True)
            continue
        take_in(file, found)
        taken[found] = file
        click.echo(f"{file}: {found}, by {how}")
    if not taken:
        raise ConfigError(f"{folder}: no file in it is weights that the zoo knows")

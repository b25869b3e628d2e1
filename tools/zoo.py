"""``netdef zoo``: nets that are known, and trained weights for them."""

from pathlib import Path

import click

from netdef.tools import options


@click.group("zoo")
def command() -> None:
    """List nets that are known, and fetch or import trained weights for them."""


@command.command("list", cls=options.Command)
def list_all() -> None:
    """List the nets, and all published weights."""
    from netdef.model_zoo import nets
    from netdef.model_zoo.weights_table import table as published
    from netdef.table import table

    rows = [(name, _weights_here(name), nets.summary(name)) for name in nets.names()]
    click.echo(table(("net", "weights", "what it is"), rows))
    click.echo()
    rows = [(row.name, "here" if _is_here(row.name) else "", row.licence) for row in published()]
    click.echo(table(("published weights", "", "licence"), rows))


def _is_here(name: str) -> bool:
    from netdef.model_zoo.cache import place

    return place(name).is_file()


def _weights_here(name: str) -> str:
    from netdef.errors import MissingFile
    from netdef.model_zoo import finding, weights_table

    try:
        finding.weights(name)
    except MissingFile:
        return "to fetch" if any(row.net == name for row in weights_table.table()) else ""
    return "here"


@command.command("show", cls=options.Command)
@click.argument("name")
def show(name: str) -> None:
    """Tell of NAME, a net or published weights."""
    from netdef.errors import unknown
    from netdef.model_zoo import nets
    from netdef.model_zoo.weights_table import table

    rows = [row for row in table() if name in (row.name, row.net)]
    if name in nets.names():
        _show_net(name)
    elif not rows:
        raise unknown(
            "net or weights of the zoo", name, [*nets.names(), *(r.name for r in table())]
        )
    for row in rows:
        here = "here" if _is_here(row.name) else f"netdef zoo fetch {row.name}"
        click.echo(f"weights {row.name} ({here})")
        for title in ("url", "checksum", "licence", "input"):
            click.echo(f"  {title}: {getattr(row, title)}")
        if row.classes:
            names = nets.class_names(row.classes)
            click.echo(f"  classes: {len(names)} of {row.classes}: {names[0]} ... {names[-1]}")


def _show_net(name: str) -> None:
    from math import prod

    from netdef.graph import build
    from netdef.infer import infer
    from netdef.model_zoo import nets
    from netdef.proto import TEST
    from netdef.prototxt import read_net

    graph = build(read_net(nets.prototxt(name)), TEST)
    shapes = infer(graph)
    learned = sum(prod(p.weight.shape) for p in shapes.owners if p.weight.is_learned)
    click.echo(f"{name}: {nets.summary(name)}")
    click.echo(f"  files: {nets.folder(name)}")
    click.echo(f"  learned weights: {learned:,}")
    for title, blobs in (("input", graph.inputs), ("output", graph.outputs)):
        for blob in blobs:
            click.echo(f"  {title}: {blob} {shapes.blobs[graph.id_of(blob)]}")
    packaged = nets.packaged_weights(name)
    if packaged:
        click.echo(f"  trained weights: {packaged}")


@command.command("path", cls=options.Command)
@click.argument("name")
def path(name: str) -> None:
    """Print the folder of the net NAME, which holds its prototxts."""
    from netdef.model_zoo.nets import folder

    click.echo(folder(name))


@command.command("fetch", cls=options.Command)
@click.argument("name")
def fetch(name: str) -> None:
    """Download the published weights NAME, or those of the net NAME."""
    from netdef.model_zoo.fetching import fetch
    from netdef.model_zoo.weights_table import published
    from netdef.tools.progress import progress_bar

    row = published(name)
    with progress_bar("fetch") as tell:
        found = fetch(row, tell or (lambda there, total: None))
    click.echo(f"{found}\nlicence: {row.licence}; input: {row.input}")


@command.command("import", cls=options.Command)
@click.argument("source", metavar="FILE")
@click.option("--as", "name", metavar="NAME", help="What the file is, where it can be several.")
def import_weights(source: str, name: str | None) -> None:
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

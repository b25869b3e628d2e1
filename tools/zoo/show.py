"""``netdef zoo show``: one net, and the weights for it."""

import click

from netdef.tools import options


@click.command("show", cls=options.Command)
@click.argument("name")
def command(name: str) -> None:
    """Tell of NAME, a net or published weights."""
    from netdef.errors import unknown
    from netdef.model_zoo import nets
    from netdef.model_zoo.cache import place
    from netdef.model_zoo.weights_table import table

    rows = [row for row in table() if name in (row.name, row.net)]
    if name in nets.names():
        _show_net(name)
    elif not rows:
        raise unknown(
            "net or weights of the zoo", name, [*nets.names(), *(r.name for r in table())]
        )
    for row in rows:
        is_here = place(row.name).is_file() or not row.url
        here = "here" if is_here else f"netdef zoo fetch {row.name}"
        click.echo(f"weights {row.name} ({here})")
        for title in ("url", "checksum", "licence", "input"):
            told = getattr(row, title)
            if told:
                click.echo(f"  {title}: {told}")
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

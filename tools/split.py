"""``netdef split``: one list of images to train with and one to test with."""

import click

from netdef.tools import options


@click.command("split", cls=options.Command)
@click.argument("source")
@click.argument("out")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="The part of each class that is for testing.",
)
@click.option("--seed", default=0, show_default=True, help="Another number, another choice.")
def command(source: str, out: str, held_out: float, seed: int) -> None:
    """Part the images of SOURCE into OUT/train.txt and OUT/val.txt.

    SOURCE is a list, or a folder that holds a folder of images for each class.
    """
    from netdef.data.split_list import split_list

    parts = split_list(source, out, held_out, seed)
    for label, name in enumerate(parts.classes):
        click.echo(f"Class {label}: {name}")
    click.echo(f"Wrote {parts.train}: {parts.train_images} images")
    click.echo(f"Wrote {parts.val}: {parts.val_images} images")

"""``netdef convert text``: a text to HDF5 files of characters."""

import click

from netdef.tools import options


@click.command("text", cls=options.Command)
@click.argument("file")
@click.argument("out")
@click.option(
    "--streams",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Pieces of the text that are read side by side.",
)
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="The part of the text, its end, that is for testing.",
)
def command(file: str, out: str, streams: int, held_out: float) -> None:
    """Write the characters of FILE, a text in UTF-8, for recurrent nets into the folder OUT.

    OUT gets train.h5 and test.h5, train.txt and test.txt that list them for HDF5Data, and
    vocabulary.json.
    """
    from netdef.data.convert_text import convert_text

    made = convert_text(file, out, streams, held_out)
    click.echo(f"Wrote {made.train}: {made.train_steps} steps of {streams} streams")
    click.echo(f"Wrote {made.test}: {made.test_steps} steps of {streams} streams")
    click.echo(f"Wrote {made.vocabulary}: {len(made.characters)} characters")

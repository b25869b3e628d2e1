"""A bar that shows how far a long command has come."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from netdef.data.progress import Progress

_STEPS = 200


def status_line(text: str) -> None:
    """Show what is being done now in the last line of stderr, in place of what stood there.

    In a pipe nothing is shown.
    """
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Progress | None]:
    """Draw a bar on stderr while the block runs; in a pipe nothing is drawn, and this is None."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total
            if done == total or done - bar.pos >= total / _STEPS:
                bar.update(done - bar.pos)

        yield tell

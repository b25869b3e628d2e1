"""The option that says on which GPU a program of this folder runs."""

from collections.abc import Callable
from typing import Any

import click


def _number(ctx: click.Context, param: click.Parameter, word: str) -> int | None:
    if word != "cpu" and not word.isdecimal():
        raise click.BadParameter(f"{word!r} is neither the number of a GPU nor 'cpu'.")
    return None if word == "cpu" else int(word)


def device_option(default: str = "0") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--device``, which a command takes as ``gpu``: None for the CPU."""
    return click.option(
        "--device",
        "gpu",
        default=default,
        show_default=True,
        callback=_number,
        metavar="N|cpu",
        help="The number of the GPU; 'cpu' runs without one.",
    )

"""What ``--gpu`` takes: the number of a GPU, or where a command uses several, some or all."""

from typing import Literal

import click

Gpus = tuple[int, ...] | Literal["all"]
"""The numbers of GPUs, or all that are there."""


def one_gpu(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the number of a GPU.

    Raises:
        BadParameter: there is something else, such as several GPUs.
    """
    if value is None:
        return None
    if value == "all" or "," in value:
        raise click.BadParameter("this command runs on one GPU; name one, such as --gpu 0.")
    return _number(value)


def some_gpus(ctx: click.Context, param: click.Parameter, value: str | None) -> Gpus | None:
    """Return the numbers of GPUs that stand between commas, or ``all``.

    Raises:
        BadParameter: there is something else.
    """
    if value is None:
        return None
    if value == "all":
        return "all"
    return tuple(_number(part) for part in value.split(","))


def _number(text: str) -> int:
    if not text.strip().isdecimal():
        raise click.BadParameter(f"{text!r} is not the number of a GPU; they count from 0.")
    return int(text)

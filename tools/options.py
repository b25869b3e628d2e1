"""What several commands share: options in Caffe's words, and the form they are written in."""

from collections.abc import Callable
from typing import Any

import click

Function = Callable[..., Any]

model = click.option("--model", required=True, metavar="NET", help="The net's prototxt.")
iterations = click.option(
    "--iterations", default=50, show_default=True, type=click.IntRange(min=1), help="Passes to run."
)
level = click.option(
    "--level", default=0, show_default=True, help="The level that layers' rules are held against."
)

picture = click.option(
    "--out", "-o", required=True, metavar="FILE", help="The picture: a .png, .svg or .pdf."
)


def phase(default: str) -> Callable[[Function], Function]:
    """Return the option ``--phase``."""
    return click.option(
        "--phase",
        type=click.Choice(["TRAIN", "TEST"], case_sensitive=False),
        default=default,
        show_default=True,
        help="The phase whose layers are taken.",
    )


def kind(default: str) -> Callable[[Function], Function]:
    """Return the option ``--to``: the kind of file or database that is written."""
    return click.option(
        "--to",
        "kind",
        type=click.Choice(["hdf5", "lmdb", "leveldb"], case_sensitive=False),
        default=default,
        show_default=True,
        help="What is written.",
    )


def _shapes(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for value in values:
        name, equals, lengths = value.rpartition("=")
        parts = lengths.split(",")
        if not (name and equals and all(p.isdecimal() and int(p) for p in parts)):
            raise click.BadParameter(f"{value}: write NAME=LENGTHS, such as data=1,3,227,227")
        shapes[name] = tuple(map(int, parts))
    return shapes


input_shapes = click.option(
    "--input-shape",
    "shapes",
    multiple=True,
    metavar="NAME=LENGTHS",
    callback=_shapes,
    help="The shape of an input, such as data=1,3,227,227; may be repeated.",
)


def stages(name: str = "--stage") -> Callable[[Function], Function]:
    """Return the option that names the stages of the net's state."""
    return click.option(
        name,
        "stages",
        multiple=True,
        metavar="NAME",
        callback=_split,
        help="A stage that layers' rules are held against; several by commas, or repeated.",
    )


def weights(required: bool, help: str) -> Callable[[Function], Function]:
    """Return the option ``--weights``: files by commas, or repeated."""
    return click.option(
        "--weights", required=required, multiple=True, metavar="W", callback=_split, help=help
    )


def _split(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


freeze = click.option(
    "--freeze",
    "frozen",
    multiple=True,
    metavar="GLOBS",
    callback=_split,
    help="Layers that do not learn, as patterns by commas: 'conv1,fire[2-5]*'.",
)


def _rates(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    pairs = [part.rpartition("=") for part in _split(ctx, param, values)]
    try:
        rates = {pattern: float(factor) for pattern, _, factor in pairs}
    except ValueError:
        rates = {"": 0.0}
    if "" in rates or any(not 0 <= rate < float("inf") for rate in rates.values()):
        raise click.BadParameter(f"{','.join(values)!r} is not of the form 'conv10=10,fire9*=2'.")
    return rates


def lr_mult(otherwise: str = "") -> Callable[[Function], Function]:
    """Return the option ``--lr-mult``; ``otherwise`` tells what happens without it."""
    return click.option(
        "--lr-mult",
        "rates",
        multiple=True,
        metavar="GLOB=F,...",
        callback=_rates,
        help=f"Layers that learn so many times faster{otherwise}.",
    )


on_mismatch = click.option(
    "--on-mismatch",
    default="error",
    show_default=True,
    type=click.Choice(["error", "skip", "resize"]),
    help="What weights of another shape do: skip leaves the layer as it is, resize fits them.",
)


def _allow_python(ctx: click.Context, param: click.Parameter, is_allowed: bool) -> None:
    import sys

    from netdef import mode

    mode.allow_python(is_allowed)
    if is_allowed and "" not in sys.path:
        sys.path.append("")


allow_python = click.option(
    "--allow-python",
    is_flag=True,
    expose_value=False,
    callback=_allow_python,
    help="Run the code that Python layers name, from PYTHONPATH or the current folder.",
)


def phase_number(name: str) -> int:
    """Return the phase of the schema by its name."""
    from netdef.proto import TEST, TRAIN

    return {"TRAIN": TRAIN, "TEST": TEST}[name]


class Command(click.Command):
    """A command that also takes its long options with one dash, as Caffe's did: ``-solver``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {name for p in self.get_params(ctx) for name in p.opts if name.startswith("--")}
        return super().parse_args(ctx, [_with_two_dashes(a, known) for a in args])


def _with_two_dashes(argument: str, known: set[str]) -> str:
    name = argument.partition("=")[0].replace("_", "-")
    return f"-{argument}" if f"-{name}" in known else argument

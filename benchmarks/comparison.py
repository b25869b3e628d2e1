"""What the comparisons of this folder are asked, and what they print at the end."""

import functools
import importlib.util
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from results import Result
from sides import FORMS
from targets import Target, memory_table, summary

from netdef.errors import NetdefError
from netdef.io.whole_file import writing_whole

NETS = Path(__file__).with_name("nets")
SMALL = "lenet,cifar10_quick"


@dataclass(frozen=True)
class Comparison:
    """Which nets and forms of PyTorch, for how long, on how many threads."""

    nets: tuple[Path, ...]
    rounds: int
    seconds: float
    threads: int
    forms: tuple[str, ...]
    compiles: bool
    json_path: Path | None = None


def comparison_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that make a ``Comparison``, which the command takes as ``how``."""
    options = [
        click.option("--nets", default=SMALL, show_default=True, help="Of nets/, or 'all'."),
        click.option("--rounds", default=5, show_default=True, help="Turns of each side."),
        click.option("--seconds", default=1.0, show_default=True, help="About how long a turn is."),
        click.option("--threads", default=2, show_default=True, help="Threads of each side."),
        click.option("--forms", default="user,tuned", show_default=True, help="Of PyTorch."),
        click.option("--compile/--no-compile", "compiles", default=True, show_default=True),
        click.option("--json", "json_path", type=click.Path(path_type=Path), help="Numbers, too."),
    ]

    @functools.wraps(command)
    def run(nets: str, forms: str, **others: Any) -> None:
        names = ("rounds", "seconds", "threads", "compiles", "json_path")
        own = {name: others.pop(name) for name in names}
        how = Comparison(nets=nets_named(nets), forms=_forms(forms), **own)
        command(how=how, **others)

    return functools.reduce(lambda found, option: option(found), reversed(options), run)


def nets_named(words: str) -> tuple[Path, ...]:
    """Return the nets that ``--nets`` names.

    Raises:
        BadParameter: one is not there.
    """
    known = {p.stem: p for p in sorted(NETS.glob("*.prototxt"))}
    names = list(known) if words == "all" else words.split(",")
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}, or all")
    return tuple(known[name] for name in names)


def has_torch() -> bool:
    """Tell whether PyTorch is installed, and say so if not."""
    is_there = importlib.util.find_spec("torch") is not None
    if not is_there:
        click.echo("PyTorch is not installed: it is left out.")
    return is_there


def _forms(words: str) -> tuple[str, ...]:
    if not has_torch():
        return ()
    names = tuple(words.split(","))
    for name in names:
        if name not in FORMS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(FORMS)}")
    return names


def print_comparison(
    how: Comparison,
    comparisons: Iterable[Callable[[], list[Result]]],
    targets: dict[str, Target],
) -> None:
    """Run the comparison of each net; print what all of them found.

    The JSON file grows with each net, so that an end before the last one loses nothing.
    """
    warn_if_busy()
    nets: list[list[Result]] = []
    try:
        for compare in comparisons:
            nets.append(compare())
            write_json(how, nets)
    except NetdefError as error:
        raise click.ClickException(str(error)) from error
    if any(len(results) > 1 for results in nets):
        print(f"\n{summary(nets, targets)}\n")
    print(memory_table(nets))


def write_json(how: Comparison, nets: Iterable[list[Result]]) -> None:
    """Write the numbers of all nets, if a file is named for them.

    Raises:
        RunError: it cannot be written.
    """
    if how.json_path:
        numbers = [r.as_json() for results in nets for r in results]
        with writing_whole(how.json_path) as file:
            file.write((json.dumps(numbers, indent=1) + "\n").encode())


def warn_if_busy() -> None:
    """Say so if other work takes the processors: times then say little."""
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load > 0.25 * cores:
        print(f"The machine is busy (load {load:.1f} on {cores} cores): these times say little.")

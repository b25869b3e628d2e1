"""``--json`` and ``--csv``: results for programs to read."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

Function = Callable[..., Any]

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON.")


def as_csv(columns: Sequence[str]) -> Callable[[Function], Function]:
    """Return the option ``--csv``, which tells of the columns."""
    words = f"Print CSV: {', '.join(columns)}."
    return click.option("--csv", "is_csv", is_flag=True, help=words)


def check_one_form(is_json: bool, is_csv: bool) -> None:
    """See that no more than one form is asked for."""
    if is_json and is_csv:
        raise click.UsageError("give --json or --csv, not both")


def print_json(value: object) -> None:
    """Print a value as JSON."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a line of columns, and one for each row as it comes."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)

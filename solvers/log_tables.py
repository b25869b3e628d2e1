"""A run's log as the tables that Caffe's parse_log.py makes."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from netdef.io.whole_file import writing_whole
from netdef.solvers.curves import Curves, Row
from netdef.solvers.reading_runs import read_run


def write_log_tables(log: str | Path, folder: str | Path) -> list[Path]:
    """Write ``<log>.train`` and ``<log>.test`` as CSV into ``folder``; return their paths.

    The columns are ``NumIters``, ``Seconds``, ``LearningRate`` and the outputs. A row has the
    rate of its iteration, where it was displayed; Caffe's own program gives the one displayed
    before. A second test net has ``<log>.test1``, and so on.

    Raises:
        MissingFile: the log cannot be read.
        DataError: it is no log of a run.
        RunError: a table cannot be written.
    """
    curves = read_run(log)
    tables = {"train": [row for row in curves.train if row.outputs]}
    tables |= {f"test{net or ''}": rows for net, rows in curves.tests.items()}
    paths = []
    for ending, rows in tables.items():
        paths.append(Path(folder, f"{Path(log).name}.{ending}"))
        with writing_whole(paths[-1]) as file:
            file.write(_csv(curves, rows).encode())
    return paths


def _csv(curves: Curves, rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.outputs))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["NumIters", "Seconds", "LearningRate", *names])
    for row in rows:
        rate, outputs = curves.rate_at(row.iteration), [row.outputs.get(n, "") for n in names]
        table.writerow([row.iteration, row.seconds, rate, *outputs])
    return text.getvalue()

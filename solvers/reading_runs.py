"""Curves from the files that runs write: metrics, and logs of netdef's and of Caffe's."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from netdef.errors import DataError, cannot_read
from netdef.solvers.curves import Curves, Row

_LINE = re.compile(r"[IWEF](\d{4,8}) (\d\d:\d\d:\d\d\.\d+) +\d+ [^]]+\] +(.*)")
_NUMBER = r"(-?(?:\.?\d[\d.]*(?:e[-+]?\d+)?|nan|inf))"
_LOSS = re.compile(rf"Iteration (\d+)(?: \(.*\))?, loss = {_NUMBER}")
_RATE = re.compile(rf"Iteration (\d+), lr = {_NUMBER}")
_TEST = re.compile(r"Iteration (\d+), Testing net \(#(\d+)\)")
_OUTPUT = re.compile(rf"(Train|Test) net output #\d+: (\S+) = {_NUMBER}")
_YEAR = timedelta(days=366)


def read_runs(paths: Sequence[str]) -> list[Curves]:
    """Read some runs; where two files are called the same, runs are called by their paths."""
    runs = [read_run(path) for path in paths]
    if len({run.name for run in runs}) < len(runs):
        for run, path in zip(runs, paths, strict=True):
            run.name = path
    return runs


def read_run(path: str | Path) -> Curves:
    """Read a metrics file or a log.

    Raises:
        MissingFile: the file cannot be read.
        DataError: nothing in it is of a run.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise cannot_read(path, error) from error
    name = Path(path).name.removesuffix(".jsonl").removesuffix(".metrics").removesuffix(".log")
    curves = Curves(name)
    is_metrics = bool(lines) and lines[0].startswith("{")
    if is_metrics:
        _read_metrics(curves, lines, str(path))
    else:
        _read_log(curves, lines)
    if not curves.train and not curves.tests:
        raise DataError(f"{path}: has no loss and no test of a run; give a log or a .metrics.jsonl")
    return curves


def _read_metrics(curves: Curves, lines: Iterable[str], path: str) -> None:
    for number, line in enumerate(lines, 1):
        try:
            _read_event(curves, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(f"{path}:{number}: is no line of a metrics file; remove it") from None


def _read_event(curves: Curves, event: dict[str, Any]) -> None:
    kind = event["event"]
    if kind == "train":
        row = curves.train_row(event["iteration"], event["seconds"])
        row.loss = _number(event["loss"])
        if "lr" in event:
            curves.rates[row.iteration] = event["lr"]
    elif kind == "test":
        row = curves.test_row(event["net"], event["iteration"], event["seconds"])
    else:
        return
    for name, values in event["outputs"].items():
        for value in values if isinstance(values, list) else [values]:
            row.add(name, _number(value))


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _read_log(curves: Curves, lines: Iterable[str]) -> None:
    began: datetime | None = None
    rows: dict[str, Row] = {}
    for line in lines:
        match = _LINE.match(line)
        if not match:
            continue
        time, said = _time(match[1], match[2]), match[3]
        if began is None or (said.startswith("Solving ") and not curves.train):
            began = time
        passed = (time - began if time >= began else time - began + _YEAR).total_seconds()
        _read_line(curves, rows, said, passed)


def _read_line(curves: Curves, rows: dict[str, Row], said: str, seconds: float) -> None:
    """Read what one line says; ``rows`` are the ones that outputs belong to."""
    if found := _LOSS.match(said):
        rows["Train"] = curves.train_row(int(found[1]), seconds)
        rows["Train"].loss = float(found[2])
    elif found := _RATE.match(said):
        curves.rates[int(found[1])] = float(found[2])
    elif found := _TEST.match(said):
        rows["Test"] = curves.test_row(int(found[2]), int(found[1]), seconds)
    elif (found := _OUTPUT.match(said)) and found[1] in rows:
        rows[found[1]].add(found[2], float(found[3]))


def _time(day: str, clock: str) -> datetime:
    """Return a time of glog's; days without a year are put into one with a 29th of February."""
    return datetime.strptime(
        f"{day if len(day) == 8 else '2000' + day} {clock}", "%Y%m%d %H:%M:%S.%f"
    )

"""What a comparison found, side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from statistics import fmean, median
from typing import Any, Literal

from contenders import Task
from turns import Taken

from netdef.table import Row, table

Point = Literal["median", "minimum"]
RATIO = "ratio = the other's ms / netdef's ms: above 1, netdef is that many times as fast"


@dataclass(frozen=True)
class Spread:
    """Milliseconds of all runs of one pass."""

    median: float
    minimum: float


@dataclass(frozen=True)
class Result:
    """What one side took for one net: milliseconds by pass, and its process's memory in MB."""

    net: str
    batch: int
    form: str
    variant: str
    precision: str
    passes: dict[str, Spread]
    peak_mb: float
    about: dict[str, Any]

    @property
    def name(self) -> str:
        """The form and the variant."""
        return f"{self.form}, {self.variant}" if self.variant else self.form

    @property
    def counts(self) -> Spread:
        """The pass that counts: the last one."""
        return list(self.passes.values())[-1]

    @property
    def images_per_second(self) -> float:
        """Images of the pass that counts, by its median."""
        return 1e3 * self.batch / self.counts.median

    def as_json(self) -> dict[str, Any]:
        """Return the numbers by flat names."""
        found: dict[str, Any] = {"net": self.net, "side": self.name, "form": self.form}
        found |= {"batch": self.batch, "precision": self.precision}
        for name, spread in self.passes.items():
            found |= {f"{name}_median": spread.median, f"{name}_min": spread.minimum}
        found |= {"images_per_second": self.images_per_second, "peak_mb": self.peak_mb}
        return found | self.about


def result_of(task: Task, taken: Taken) -> Result:
    """Put the runs of one side together."""
    return Result(
        net=Path(task.path).stem,
        batch=task.images,
        form=taken.side.form,
        variant=taken.side.variant,
        precision=taken.side.arguments[0].precision,
        passes={name: Spread(median(ms), min(ms)) for name, ms in taken.times.items()},
        peak_mb=taken.peak_mb,
        about=taken.about,
    )


def ratio(mine: Result, other: Result, name: str | None = None, point: Point = "median") -> float:
    """Return how many times as fast ``mine`` is, in a pass or in the one that counts."""
    pair = [getattr(r.passes[name] if name else r.counts, point) for r in (other, mine)]
    return float(pair[0] / pair[1])


def best_of_each_form(results: Iterable[Result]) -> dict[str, Result]:
    """Return the fastest variant of each form, in the order the forms come."""
    best: dict[str, Result] = {}
    for result in results:
        known = best.get(result.form)
        if known is None or result.counts.median < known.counts.median:
            best[result.form] = result
    return best


def net_table(results: Sequence[Result]) -> str:
    """Return the results of one net; the first is netdef's, to which the ratios are."""
    mine, *others = results
    calls = ", ".join(f"{n} on {engine}" for engine, n in mine.about["engines"].items())
    lead = f"{mine.net}, batch {mine.batch}, {mine.precision}; netdef's calls: {calls}"
    passes = list(mine.passes)
    head = ["", *(f"{p} {x}" for p in passes for x in ("ms", "min")), "images/s", "peak MB"]
    rows: list[Row] = [
        (
            r.name,
            *(ms for p in passes for ms in (r.passes[p].median, r.passes[p].minimum)),
            round(r.images_per_second),
            round(r.peak_mb),
        )
        for r in results
    ]
    for name, best in best_of_each_form(others).items():
        points: tuple[Point, Point] = ("median", "minimum")
        ratios = (ratio(mine, best, p, point) for p in passes for point in points)
        rows.append((f"{name} / netdef", *ratios, "", ""))
    return f"{lead}\n{table(head, rows)}"


def geometric_mean(ratios: Sequence[float]) -> float:
    """Return the mean that treats twice and half alike."""
    return exp(fmean(map(log, ratios)))

"""Write the whole report of a CPU: training, bf16, inference, memory and rooflines.

The file grows net by net, and is whole at any time: an end before the last net loses nothing.
"""

import datetime
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import click
import compare_inference
import compare_torch
from caffe_times import SOURCE, caffe_table
from comparison import Comparison, comparison_options, warn_if_busy, write_json
from contenders import Task
from growing_report import GrowingReport
from machine import describe_machine
from results import Result, net_table
from roofline import Roofline, measure_apart, roofline_table
from targets import INFERENCE, TRAINING, Target, memory_table, summary

from netdef.errors import ConfigError, NetdefError
from netdef.precision import checked_precision

_REPORTS = Path(__file__).with_name("reports")
_BATCHES = (1, 32)
_STEPS, _TOP = 10, 12
"""Steps that a roofline measures, and the layers it shows."""


@dataclass
class Report(GrowingReport):
    """What a comparison on a CPU found, and its numbers."""

    title: str = "netdef beside its peers on a CPU"
    numbers: list[list[Result]] = field(default_factory=list)


def training(report: Report, how: Comparison, precision: str) -> None:
    """Compare the training of each net."""
    title = f"Training step, {precision}: forward, backward, SGD with momentum"
    tasks = [Task(str(path), precision=precision) for path in how.nets]
    found = (compare_torch.compare(task, how) for task in tasks)
    put_growing(report, how, title, found, TRAINING)


def training_in_bf16(report: Report, how: Comparison) -> None:
    """Compare the training of each net in bf16, and say what its layers reach."""
    try:
        checked_precision("BF16", "outputs", is_gpu=False)
    except ConfigError as error:
        report.put("Training step, bf16", str(error))
        return
    training(report, how, "bf16")
    rooflines(report, how, "bf16")


def inference(report: Report, how: Comparison) -> None:
    """Compare the use of each net at each batch."""
    tasks = [Task(str(path), size) for path, size in product(how.nets, _BATCHES)]
    found = (compare_inference.compare(task, how) for task in tasks)
    put_growing(report, how, "Inference, f32", found, INFERENCE)


def put_growing(
    report: Report,
    how: Comparison,
    title: str,
    found: Iterator[list[Result]],
    targets: dict[str, Target],
) -> None:
    """Write the part anew after each net."""
    nets: list[list[Result]] = []
    for results in found:
        nets.append(results)
        report.numbers.append(results)
        write_json(how, report.numbers)
        verdicts = [summary(nets, targets)] if len(results) > 1 else []
        report.put(title, *verdicts, memory_table(nets), *map(net_table, nets))


def rooflines(report: Report, how: Comparison, precision: str) -> None:
    """Say of each net what its slowest layers reach."""
    texts: list[str] = []
    for path in how.nets:
        found: Roofline = measure_apart(Task(str(path), precision=precision), _STEPS, how.threads)
        texts.append(f"{path.stem}: {roofline_table(found, _TOP)}")
        print(f"\n{texts[-1]}", flush=True)
        report.put(
            f"Where the time goes, {precision}: the slowest layers of a training step", *texts
        )


PARTS: dict[str, Callable[[Report, Comparison], None]] = {
    "training": lambda report, how: training(report, how, "f32"),
    "bf16": training_in_bf16,
    "inference": inference,
    "roofline": lambda report, how: rooflines(report, how, "f32"),
}


@click.command(help=__doc__)
@comparison_options
@click.option("--parts", default=",".join(PARTS), show_default=True, help="What to measure.")
@click.option("--out", type=click.Path(path_type=Path), help="reports/cpu-<date>.md by default.")
def main(how: Comparison, parts: str, out: Path | None) -> None:
    """Measure each part and write the report."""
    names = parts.split(",")
    for name in names:
        if name not in PARTS:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(PARTS)}")
    warn_if_busy()
    today = datetime.datetime.now(tz=datetime.UTC).date()
    report = Report(out or _REPORTS / f"cpu-{today}.md")
    command = " ".join(["python benchmarks/report.py", *sys.argv[1:]])
    report.put("Machine", describe_machine(), command)
    try:
        for name in names:
            PARTS[name](report, how)
        report.put("Caffe itself", caffe_table(), SOURCE)
    except NetdefError as error:
        raise click.ClickException(str(error)) from error
    print(f"\n{report.path}")


if __name__ == "__main__":
    main()

"""Check netdef on a machine with a GPU, and write one report.

    python scripts/check_gpu.py
    python scripts/check_gpu.py --parts benchmark --nets lenet,cifar10_quick --out lenet.md

runs what needs a GPU, part by part: what the machine is, every test that needs one, Caffe's
recordings, a run that is killed and resumed, LeNet on MNIST, memory as planned, input from
LMDB, and the comparisons with PyTorch where that is installed. Each step has a time limit, and
one that fails does not stop the others. The report is whole at any time, so that an end before
the last step loses nothing. Exits with 1 if a step failed. It needs no network.
"""

import datetime
import os
import sys
import time
from pathlib import Path

import click
from gpu_steps import PARTS, Where
from timed_step import ROOT, Outcome, Step, run_step

sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT))

from growing_report import GrowingReport
from machine import describe_machine

from netdef.table import table

NETS = sorted(path.stem for path in (ROOT / "benchmarks" / "nets").glob("*.prototxt"))
_EVERY = 1.0
"""Seconds between two writings of the report while a step runs."""


class Check:
    """Runs steps one after the other, and keeps a report of them."""

    def __init__(self, report: GrowingReport, steps: list[Step]) -> None:
        self.report, self.steps = report, steps
        self.outcomes: dict[str, Outcome] = {}
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.env = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
        self.env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # of what else is installed there

    def run(self) -> None:
        """Run all steps; if the first finds no device, the others are left out."""
        self._summarize()
        for number, step in enumerate(self.steps):
            click.echo(f"{step.title} ... ", nl=False)
            if number > 0 and self.outcomes[self.steps[0].title].has_failed:
                found = Outcome("left out: there is no such device", 0.0, "")
            else:
                found = self._run(step)
            self.outcomes[step.title] = found
            click.echo(f"{found.verdict} ({found.seconds:.0f} s)")
            self._summarize()

    def _run(self, step: Step) -> Outcome:
        words, written = f"$ {' '.join(step.command)}", 0.0

        def tell(output: str) -> None:
            nonlocal written
            if time.monotonic() - written > _EVERY:
                written = time.monotonic()
                self.report.put(step.title, words, output)

        found = run_step(step, self.env, tell)
        self.report.put(step.title, words, f"{found.output}\n{found.verdict}".lstrip("\n"))
        return found

    def _summarize(self) -> None:
        rows = [
            (step.title, found.verdict, f"{found.seconds:.0f}")
            for step in self.steps
            for found in [self.outcomes.get(step.title, Outcome("not run yet", 0.0, ""))]
        ]
        self.report.put("Summary", table(("step", "", "seconds"), rows))


def _check_words(ctx: click.Context, param: click.Parameter, words: str) -> list[str]:
    known = {"parts": list(PARTS), "nets": NETS}[str(param.name)]
    names = known if words == "all" else words.split(",")
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}, or all")
    return names


@click.command(help=__doc__)
@click.option("--parts", default="all", show_default=True, callback=_check_words)
@click.option("--nets", default="all", show_default=True, callback=_check_words)
@click.option("--device", default="0", show_default=True, metavar="N|cpu")
@click.option(
    "--shared",
    type=click.Path(path_type=Path),
    default=ROOT.parent / "shared",
    help="The folder with goldens/ and data/; ../shared beside the checkout by default.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="benchmarks/reports/gpu-<date>.md by default.",
)
def main(parts: list[str], nets: list[str], device: str, shared: Path, out: Path | None) -> None:
    """Run the parts that are asked for, the device's first in any case."""
    if device != "cpu" and not device.isdecimal():
        raise click.BadParameter(f"{device!r} is neither the number of a GPU nor 'cpu'")
    where = Where(None if device == "cpu" else int(device), nets, shared.resolve())
    names = [name for name in PARTS if name == "device" or name in parts]
    today = datetime.datetime.now(tz=datetime.UTC).date()
    path = out or ROOT / "benchmarks" / "reports" / f"gpu-{today}.md"
    report = GrowingReport(path, f"netdef on {'the CPU' if where.gpu is None else 'a GPU'}")
    report.put("Summary", "")
    report.put("Machine", describe_machine(), " ".join(["python", *sys.argv]))
    check = Check(report, [step for name in names for step in PARTS[name](where)])
    check.run()
    click.echo(f"{path}")
    sys.exit(any(found.has_failed for found in check.outcomes.values()))


if __name__ == "__main__":
    main()

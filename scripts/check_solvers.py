"""Hold trainings against Caffe's recordings, and of those that differ see whether rounding did it.

    python scripts/check_solvers.py ../shared/goldens --gpu 0

``check.py`` beside the recordings trains each case for 20 iterations and compares. Some rules let
rounding grow from iteration to iteration, so that no two orders of a sum end alike. So a case
that differs is trained again, a few times, with each first weight moved to a neighbouring number
of float32. If that moves the end as far as it is from the recording, the case differs by
rounding; if not, it fails.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import click
import numpy as np

Weights = dict[str, np.ndarray[Any, Any]]
_ITERATIONS = 20
_TRIES = 8
"""Trainings with moved weights."""


def load_check(goldens: Path) -> ModuleType:
    """Return the program that compares."""
    spec = importlib.util.spec_from_file_location("goldens_check", goldens / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def copied(folder: Path) -> Iterator[None]:
    """Work in a copy of a folder: trainings write snapshots."""
    before = Path.cwd()
    with TemporaryDirectory() as work:
        shutil.copytree(folder, work, dirs_exist_ok=True)
        os.chdir(work)
        try:
            yield
        finally:
            os.chdir(before)


def trained(name: str, seed: int | None) -> Weights:
    """Return the weights and losses of a training; with a seed, of one from moved weights."""
    import netdef

    solver = netdef.get_solver(f"{name}.solver.prototxt")
    solver.net.copy_from(f"{Path(solver.param.net).stem}_init.caffemodel")
    blobs = {
        f"param/{layer}/{i}": blob
        for layer, params in solver.net.params.items()
        for i, blob in enumerate(params)
    }
    if seed is not None:
        random = np.random.default_rng(seed)
        for blob in blobs.values():
            up = random.integers(0, 2, blob.shape, bool)
            blob.data[...] = np.nextafter(blob.data, np.where(up, np.inf, -np.inf), dtype="f")
    losses = []
    for _ in range(_ITERATIONS):
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    return {"loss": np.array(losses), **{k: np.array(b.data) for k, b in blobs.items()}}


def largest_distance(found: Weights, wanted: Weights, recorded: Weights) -> float:
    """Return the largest difference of any blob, as a part of its largest recorded number."""
    return max(
        float(np.abs(found[k] - wanted[k]).max() / np.abs(values).max())
        for k, values in recorded.items()
        if k in found
    )


def rounding_of(name: str) -> tuple[float, float]:
    """Return how far a case is from its recording, and how far rounding moves it."""
    with np.load(f"{name}.npz") as file:
        recorded = dict(file)
    plain = trained(name, None)
    moved = [largest_distance(trained(name, seed), plain, recorded) for seed in range(_TRIES)]
    return largest_distance(plain, recorded, recorded), max(moved)


def judged(check: ModuleType, name: str) -> str:
    """Return how a case ended: it passed, differs by rounding, or failed; and with what."""
    import netdef

    bad = check.check_solver(netdef, ".", name)
    if not bad:
        return "passed"
    off, moved = rounding_of(name)
    kind = "rounding" if off <= moved else "failed"
    return f"{kind}: off by {off:.2g}, rounding moves it by {moved:.2g}; {'; '.join(bad[:3])}"


@click.command(help=__doc__)
@click.argument("goldens", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--gpu", type=int, metavar="N", help="Train on GPU N; on the CPU without it.")
def main(goldens: Path, gpu: int | None) -> None:
    """Judge every case."""
    import netdef

    if gpu is not None:
        netdef.set_device(gpu)
        netdef.set_mode_gpu()
    check, counts = load_check(goldens.resolve()), {"passed": 0, "rounding": 0, "failed": 0}
    with copied(goldens / "solvers"):
        for name in sorted(path.stem for path in Path().glob("*.npz")):
            verdict = judged(check, name)
            counts[verdict.partition(":")[0]] += 1
            click.echo(f"{name:<16} {verdict}")
    differ = f"{counts['rounding']} differ by rounding"
    click.echo(f"{counts['passed']} passed, {differ}, {counts['failed']} failed")
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main()

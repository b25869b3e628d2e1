"""The databases of CIFAR-10 that the JPEGs beside the checkout give."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "cifar10_from_jpegs.py"


def make_databases(shared: Path, folder: Path) -> Path:
    """Write them, 10,000 images each, and the mean, to where configs/cifar10 looks below a folder.

    Returns the folder of the databases.
    """
    out = folder / "examples" / "cifar10"
    runpy.run_path(str(SCRIPT))["databases_of"](shared / "data" / "cifar10", out)
    return out

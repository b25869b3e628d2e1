"""Write the trained weights that come with the package.

Trains LeNet as configs/mnist says, about two minutes on one core of a CPU, and copies what
comes out. From the root of a checkout, with the four files of MNIST in DIR:

    netdef convert mnist DIR examples/mnist
    python scripts/make_zoo_weights.py

A run of another seed or engine has other numbers: about 99.1 % of the test images.
"""

import argparse
import shutil
from pathlib import Path

import netdef

ROOT = Path(__file__).resolve().parents[1]
_SOLVER = ROOT / "configs" / "mnist" / "lenet_solver.prototxt"
_OUT = ROOT / "model_zoo" / "lenet" / "lenet.caffemodel"


def main() -> None:
    """Train and copy the weights."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    solver = netdef.get_solver(str(_SOLVER))
    solver.solve()
    shutil.copyfile(f"{solver.param.snapshot_prefix}_iter_{solver.iter}.caffemodel", _OUT)
    print(_OUT)


if __name__ == "__main__":
    main()

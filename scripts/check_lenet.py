"""Train LeNet on MNIST through the command line, and see that it becomes as good as it should.

    python scripts/check_lenet.py --data ../shared/data/mnist --gpu 0

converts the four files, trains by ``configs/mnist/lenet_solver.prototxt`` and tests the weights
on all 10,000 test images. Prints the accuracy and how long the training took.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

ROOT = Path(__file__).resolve().parents[1]
_SOLVER, _NET = "configs/mnist/lenet_solver.prototxt", "configs/mnist/lenet_train_test.prototxt"


def netdef(folder: Path, *arguments: str) -> str:
    """Run a command of netdef in a folder; return what it printed.

    Raises:
        ClickException: it failed; with the end of what it said.
    """
    command = [sys.executable, "-m", "netdef", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        said = (ran.stdout + ran.stderr).splitlines()[-15:]
        raise click.ClickException("\n".join([f"netdef {arguments[0]} failed:", *said]))
    return ran.stdout


def accuracy_of(printed: str) -> float:
    """Return the accuracy of what ``netdef test --json`` printed."""
    outputs = json.loads(printed)["outputs"]
    return next(float(output["value"]) for output in outputs if output["name"] == "accuracy")


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--gpu", metavar="N", help="Train on GPU N; on the CPU without it.")
@click.option("--iterations", default=10000, show_default=True)
@click.option("--least", default=0.99, show_default=True, help="The accuracy to be reached.")
@click.option("--option", "options", multiple=True, help="Hand on to netdef train; repeatable.")
def main(
    data: Path, gpu: str | None, iterations: int, least: float, options: tuple[str, ...]
) -> None:
    """Convert, train, test."""
    where = ["--gpu", gpu] if gpu is not None else []
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "configs").symlink_to(ROOT / "configs")
        netdef(folder, "convert", "mnist", str(data.resolve()), "examples/mnist")
        begun = time.monotonic()
        changes = [f"max_iter={iterations}", "random_seed=1", f"snapshot={iterations}"]
        netdef(folder, "train", "--solver", _SOLVER, *where, *options, *changes)
        seconds = time.monotonic() - begun
        weights = f"examples/mnist/lenet_iter_{iterations}.caffemodel"
        tested = ("--model", _NET, "--weights", weights, "--iterations", "100", "--json")
        found = accuracy_of(netdef(folder, "test", *tested, *where))
    click.echo(f"accuracy {found:.4f} after {iterations} iterations in {seconds:.1f} s")
    if found < least:
        raise click.ClickException(f"that is less than {least}")


if __name__ == "__main__":
    main()

"""``netdef demo``: LeNet on small digits, with nothing to download."""

import shutil
from contextlib import chdir
from importlib import resources
from pathlib import Path

import click

from netdef.tools import options

_NET, _SOLVER = "digits_train_test.prototxt", "digits_solver.prototxt"
_DATABASES = ("digits_train_lmdb", "digits_test_lmdb")


@click.command("demo", cls=options.Command)
@click.option(
    "--out", default="netdef-demo", show_default=True, metavar="FOLDER", help="Where files go."
)
def command(out: str) -> None:
    """Train LeNet on small digits, with nothing to download.

    Writes databases, prototxts and trained weights into a folder. Run again, it keeps the
    databases and prototxts that it finds there, changed ones too, and trains anew.
    """
    folder = Path(out)
    _make_files(folder)
    with chdir(folder):
        accuracy, weights = _train()
    click.echo(f"accuracy on digits it has not seen: {accuracy:.1%}")
    click.echo(_next_steps(folder, weights))


def _make_files(folder: Path) -> None:
    from netdef.data.convert_digits import convert_digits
    from netdef.errors import cannot_write

    if not all((folder / name).exists() for name in _DATABASES):
        convert_digits(folder)
    try:
        for name in (_NET, _SOLVER):
            if not (folder / name).exists():
                with resources.as_file(
                    resources.files("netdef.model_zoo") / "digits" / name
                ) as path:
                    shutil.copyfile(path, folder / name)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _train() -> tuple[float, str]:
    """Train in the current folder; return the accuracy and the name of the weights."""
    from netdef.prototxt import read_solver
    from netdef.solvers import Solver
    from netdef.solvers.testing import test
    from netdef.tools.reporting import on_stderr, solve

    solver = Solver(read_solver(_SOLVER), _SOLVER, keep="outputs", reporter=on_stderr())
    solve(solver)
    (net,), (batches,) = solver.test_nets, solver.param.test_iter
    outputs, _ = test(net, batches)
    accuracy = next(o.value for o in outputs if o.name == "accuracy")
    return accuracy, f"{solver.param.snapshot_prefix}_iter_{solver.iter}.caffemodel"


def _next_steps(folder: Path, weights: str) -> str:
    return f"""
The net, the solver and the weights lie in {folder}. What you can do next:

    cd {folder}
    netdef show --model {_NET}
    netdef test --model {_NET} --weights {weights} --iterations 1
    netdef train --solver {_SOLVER}"""

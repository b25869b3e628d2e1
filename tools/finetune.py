"""``netdef finetune``: turns a trained classifier to the classes of a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.tools import class_report, device_options, model_options, options, pictures, preparation
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    from netdef.class_folders import LabelledPictures
    from netdef.classifier_body import Body
    from netdef.confusion import Confusion
    from netdef.finetuning import Recipe
    from netdef.loading import OnMismatch
    from netdef.preprocessing import Preprocessing
    from netdef.tools.gpu_numbers import Gpus


def _names(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str]:
    return [part for part in (value or "").split(",") if part]


@click.command("finetune", cls=options.Command)
@click.option(
    "--model",
    required=True,
    metavar="NET",
    help="The classifier to begin from: a prototxt, a folder of netdef finetune, or zoo:NAME.",
)
@model_options.weights
@click.option(
    "--data",
    required=True,
    metavar="SOURCE",
    help="A folder that holds a folder for each class, or a database.",
)
@click.option(
    "--val",
    metavar="SOURCE",
    help="One to test with; without it a part of --data, if that is a folder, is held out.",
)
@click.option(
    "--held-out",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The part of each class that is held out without --val.",
)
@click.option(
    "--classes",
    callback=_names,
    metavar="NAMES",
    help="Only these classes, by commas; of a database, what its classes are called.",
)
@options.freeze
@options.lr_mult("; the new head does three times if none is told")
@click.option(
    "--epochs",
    default=6,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often every picture is seen.",
)
@click.option(
    "--batch",
    default=16,
    show_default=True,
    type=click.IntRange(min=1),
    help="Pictures that one iteration takes.",
)
@click.option(
    "--lr",
    default=0.0004,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="The learning rate at the beginning; it falls in a straight line to 0.",
)
@pictures.coloring
@click.option(
    "--resize",
    metavar="PIXELS",
    help="Resize pictures to this height and width, or to HEIGHTxWIDTH, before the middle is cut"
    " out to test; without it to what the net takes.",
)
@options.on_mismatch
@click.option("--seed", default=1, show_default=True, help="Another number, another run.")
@click.option("--out", required=True, metavar="FOLDER", help="Where files go; a new folder.")
@click.option(
    "--resume", is_flag=True, help="Go on with a training of the same options that was stopped."
)
@device_options.gpus()
def command(
    model: str,
    weights: list[str],
    data: str,
    val: str | None,
    held_out: float,
    classes: list[str],
    frozen: list[str],
    rates: dict[str, float],
    epochs: int,
    batch: int,
    lr: float,
    mean: str | None,
    scale: float | None,
    channel_order: str | None,
    resize: str | None,
    on_mismatch: "OnMismatch",
    seed: int,
    out: str,
    resume: bool,
    gpu: "Gpus | None",
    split_batch: bool,
) -> None:
    """Turn a trained classifier to the classes of a folder, and leave a folder that deploys.

    The last learned layer that has an output for each class is replaced, the others keep
    their weights, and all that is not frozen is trained on.
    """
    model_options.check_weights(model, weights)
    from netdef.classifier_body import body_of
    from netdef.finetuning import Recipe
    from netdef.finetuning_folder import check_folder
    from netdef.prototxt import read_net

    check_folder(Path(out), resume)
    device_options.use_gpus(gpu)
    known = model_options.deployment_of(model, weights)
    body = body_of(read_net(str(known.net) if known else model))
    how = preparation.training_preprocessing(body, known, mean, scale, channel_order, resize)
    found = _pictures(data, val, classes, held_out, seed)
    click.echo(
        f"{len(found.classes)} classes, {len(found.train)} pictures to train with,"
        f" {len(found.val)} to test with"
    )
    recipe = Recipe(epochs, batch, lr, frozen, rates, seed)
    files = [str(known.weights)] if known else weights
    _finetune(body, found, how, recipe, files, on_mismatch, Path(out), resume, split_batch)


def _pictures(
    data: str, val: str | None, classes: list[str], held_out: float, seed: int
) -> "LabelledPictures":
    """Find the pictures, and read each of them once."""
    from netdef.class_databases import read_class_databases
    from netdef.class_folders import check_pictures, read_class_folders
    from netdef.pictures import is_database

    if is_database(data):
        if val is None or not is_database(val):
            raise click.UsageError(f"--data {data} is a database; give another one to --val")
        with progress_bar("check") as tell:
            return read_class_databases(data, val, classes, tell)
    found = read_class_folders(data, val, classes, held_out, seed)
    with progress_bar("check") as tell:
        check_pictures(found.files, tell)
    return found


def _finetune(
    body: "Body",
    found: "LabelledPictures",
    how: "Preprocessing",
    recipe: "Recipe",
    weights: list[str],
    on_mismatch: "OnMismatch",
    folder: Path,
    resume: bool,
    splits_batch: bool,
) -> None:
    from netdef.class_test import confusion_of
    from netdef.classifier import Classifier
    from netdef.deployment import NET, write_deployment
    from netdef.finetuning import deploy_net, new_net
    from netdef.finetuning_folder import SOLVER, prepare_folder
    from netdef.net import Net
    from netdef.proto import TEST
    from netdef.prototxt import net_text, read_solver, write_text
    from netdef.solvers import Solver
    from netdef.solvers.metrics_reporter import MetricsReporter
    from netdef.solvers.several_reporters import SeveralReporters
    from netdef.tools.load_report import load
    from netdef.tools.reporting import on_stderr, solve

    deploy = deploy_net(new_net(body, len(found.classes), recipe), body)
    # Weights that do not fit are found before anything is written.
    load(Net(net_text(deploy, body.path), TEST, keep="outputs"), weights, on_mismatch)
    prepare_folder(folder, body, found, how, recipe, resume)
    curve = MetricsReporter(folder / "curve.jsonl", appends=resume)
    path = str(folder / SOLVER)
    reporter = SeveralReporters([on_stderr(), curve])
    solver = Solver(
        read_solver(path), path, keep="outputs", reporter=reporter, splits_batch=splits_batch
    )
    for file in weights:
        solver.net.copy_from(file, on_mismatch)
    solve(solver, "auto" if resume else None, mend="the same command and --resume")
    write_text(folder / NET, deploy)
    net = Net(str(folder / NET), TEST, weights=solver.snapshots.best, keep="outputs")
    confusion = confusion_of(Classifier(net, how, found.classes), found.val, recipe.batch)
    _write_scores(folder, confusion)
    write_deployment(folder, net, found.classes, how)
    click.echo(f"accuracy on {len(found.val)} pictures: {confusion.accuracy:.1%}")
    click.echo(f"netdef classify PHOTO --model {folder}")


def _write_scores(folder: Path, confusion: "Confusion") -> None:
    from netdef.confusion import write_scores

    for name in ("confusion.csv", "confusion.png"):
        class_report.write_confusion(folder / name, confusion)
    write_scores(folder / "scores.csv", confusion)
    click.echo(class_report.scores_table(confusion))

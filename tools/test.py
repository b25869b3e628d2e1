"""``netdef test``: scores trained weights on a net's test data."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.tools import class_report, device_options, model_options, options, results
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    from netdef.class_test import ClassTest
    from netdef.net import Net
    from netdef.solvers.reporter import Output

_TRAIN_NET = "train_val.prototxt"


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> list[int]:
    parts = [part for part in (value or "").split(",") if part]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise click.BadParameter(f"{value!r} is not of the form '1,5'.")
    return sorted({int(part) for part in parts})


@click.command("test", cls=options.Command)
@click.option(
    "--model",
    required=True,
    metavar="NET",
    help="The net's prototxt, a folder that netdef finetune wrote, or zoo:NAME.",
)
@model_options.weights
@options.iterations
@click.option(
    "--whole-set", is_flag=True, help="Count every record once, instead of so many batches."
)
@click.option("--top", callback=_numbers, metavar="K,...", help="Count labels among the K best.")
@click.option("--per-class", is_flag=True, help="Print the scores of each class.")
@click.option(
    "--confusion",
    multiple=True,
    callback=class_report.check_kinds,
    metavar="FILE",
    help="Write what was taken for what: a .csv, .txt or .png; may be repeated.",
)
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@results.as_json
@device_options.gpu
@options.level
@options.stages()
@click.option(
    "--verbose",
    is_flag=True,
    help="Print the lines of each batch on a terminal too; in a pipe they are always there.",
)
@options.allow_python
def command(
    model: str,
    weights: list[str],
    iterations: int,
    whole_set: bool,
    top: list[int],
    per_class: bool,
    confusion: list[Path],
    labels: str | None,
    is_json: bool,
    gpu: int | None,
    level: int,
    stages: list[str],
    verbose: bool,
) -> None:
    """Score trained weights on a net's test data.

    Prints the outputs of each batch and their averages over all of them.
    """
    given = click.get_current_context().get_parameter_source("iterations")
    if whole_set and given is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError("give --iterations or --whole-set, not both")
    model_options.check_weights(model, weights)
    from netdef.class_test import ClassTest
    from netdef.deployment import read_labels
    from netdef.net import Net
    from netdef.proto import TEST

    class_report.check_folders(confusion)
    device_options.use_gpu(gpu)
    counts_classes = bool(top or per_class or confusion)
    known = model_options.deployment_of(model, weights)
    net = Net(
        str(known.net.with_name(_TRAIN_NET)) if known else model,
        phase=TEST,
        level=level,
        stages=stages,
        keep="blobs" if counts_classes else "outputs",
    )
    try:
        for file in [str(known.weights)] if known else weights:
            click.echo(f"{file}: {net.copy_from(file)}", err=True)
        names = read_labels(labels) if labels else known.labels if known else ()
        classes = ClassTest(net, names, top) if counts_classes else None
        prints_batches = (verbose or not sys.stdout.isatty()) and not is_json
        outputs, loss = _score(net, None if whole_set else iterations, classes, prints_batches)
    finally:
        net.close()
    if is_json:
        _print_json(outputs, loss, classes)
    else:
        _print_averages(outputs, loss)
    if classes and not is_json:
        _print_classes(classes, per_class)
    if classes:
        for path in confusion:
            class_report.write_confusion(path, classes.confusion)


def _score(
    net: "Net", batches: int | None, classes: "ClassTest | None", prints_batches: bool
) -> "tuple[list[Output], float]":
    from netdef.solvers.testing import test

    total = batches or -(-net.sources.size().records // net.sources.size().batch)
    with nullcontext() if prints_batches else progress_bar("test") as bar:

        def tell(batch: int, outputs: Sequence["Output"]) -> None:
            if classes:
                classes.count()
            if prints_batches:
                _print_batch(batch, outputs)
            if bar:
                bar(batch + 1, total)

        return test(net, batches, tell)


def _print_batch(batch: int, outputs: Sequence["Output"]) -> None:
    for output in outputs:
        click.echo(f"Batch {batch}, {output.name} = {output.value:.6g}")


def _print_averages(outputs: Sequence["Output"], loss: float) -> None:
    click.echo(f"Loss: {loss:.6g}")
    for output in outputs:
        weighted = output.loss_weight * output.value
        share = f" (* {output.loss_weight:g} = {weighted:.6g} loss)" if output.loss_weight else ""
        click.echo(f"{output.name} = {output.value:.6g}{share}")


def _print_classes(classes: "ClassTest", per_class: bool) -> None:
    for k, part in classes.top().items():
        click.echo(f"top-{k} of {classes.labels} labels = {part:.6g}")
    if per_class:
        click.echo(class_report.scores_table(classes.confusion))


def _print_json(outputs: Sequence["Output"], loss: float, classes: "ClassTest | None") -> None:
    told: dict[str, object] = {
        "loss": loss,
        "outputs": [{"name": output.name, "value": output.value} for output in outputs],
    }
    if classes:
        told["labels"] = classes.labels
        told["top"] = {str(k): part for k, part in classes.top().items()}
        told["classes"] = [score._asdict() for score in classes.confusion.scores()]
        told["confusion"] = classes.confusion.matrix.tolist()
    results.print_json(told)

"""``netdef classify``: what a net says of pictures."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from netdef.tools import device_options, model_options, options, pictures, preparation, results
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    from netdef.classifier import Classifier, Prediction
    from netdef.pictures import Pictures

Classified = tuple[str, "list[Prediction]"]
_COLUMNS = ("file", "rank", "class", "label", "score")


@click.command("classify", cls=options.Command)
@click.argument("images", nargs=-1, required=True)
@model_options.model
@model_options.weights
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@pictures.preparing
@click.option(
    "--top",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many classes are printed of each picture.",
)
@click.option(
    "--oversample", is_flag=True, help="Take the mean over ten crops: corners, middle, mirrored."
)
@results.as_json
@results.as_csv(_COLUMNS)
@device_options.gpu
@options.allow_python
def command(
    images: tuple[str, ...],
    model: str,
    weights: list[str],
    labels: str | None,
    mean: str | None,
    scale: float | None,
    channel_order: str | None,
    resize: str | None,
    batch: int,
    top: int,
    oversample: bool,
    is_json: bool,
    is_csv: bool,
    gpu: int | None,
) -> None:
    """Print what a net says of IMAGES: files, patterns, folders, lists or a database."""
    results.check_one_form(is_json, is_csv)
    model_options.check_weights(model, weights)
    from netdef.classifier import Classifier
    from netdef.deployment import read_labels
    from netdef.pictures import open_pictures

    device_options.use_gpu(gpu)
    found = open_pictures(images)
    net, known = pictures.net_of(model, weights)
    how = preparation.preprocessing_of(net, known, mean, scale, channel_order, resize)
    names = read_labels(labels) if labels else known.labels if known else ()
    classifier = Classifier(net, how, names, oversample)
    classified = _classified(classifier, found, batch, top)
    (_print_json if is_json else _print_csv if is_csv else _print_text)(classified)


def _classified(
    classifier: "Classifier", found: "Pictures", batch: int, top: int
) -> Iterator[Classified]:
    with progress_bar("classify") as tell:
        for first in range(0, len(found), batch):
            pictures = found.read(first, batch, classifier.takes_color)
            for picture, scores in zip(pictures, classifier.scores(pictures), strict=True):
                yield picture.name, classifier.best(scores, top)
            if tell:
                tell(min(first + batch, len(found)), len(found))


def _print_text(classified: Iterator[Classified]) -> None:
    for name, predictions in classified:
        click.echo(name)
        for p in predictions:
            click.echo(f"  {p.score:.4f}  {p.label}")


def _print_json(classified: Iterator[Classified]) -> None:
    listed = [
        {
            "file": name,
            "predictions": [
                {"class": p.number, "label": p.label, "score": p.score} for p in predictions
            ],
        }
        for name, predictions in classified
    ]
    results.print_json(listed)


def _print_csv(classified: Iterator[Classified]) -> None:
    rows = (
        (name, rank, p.number, p.label, f"{p.score:.6f}")
        for name, predictions in classified
        for rank, p in enumerate(predictions, 1)
    )
    results.print_csv(_COLUMNS, rows)

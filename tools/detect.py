"""``netdef detect``: what a net finds in pictures, and where."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.tools import device_options, model_options, options, pictures, preparation, results
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    import numpy as np

    from netdef.detector import Detection, Detector
    from netdef.pictures import Pictures

Detected = tuple[str, "list[Detection]"]
_COLUMNS = ("file", "class", "label", "score", "left", "top", "right", "bottom")


@click.command("detect", cls=options.Command)
@click.argument("images", nargs=-1, required=True)
@model_options.model
@model_options.weights
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line, background too.")
@pictures.coloring
@click.option(
    "--threshold",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="The least score of what is told.",
)
@click.option("--out", metavar="FOLDER", help="Write pictures with boxes into this folder, too.")
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
    threshold: float,
    out: str | None,
    is_json: bool,
    is_csv: bool,
    gpu: int | None,
) -> None:
    """Print what a net such as SSD finds in IMAGES, and where.

    IMAGES are files, patterns, folders, lists or a database. Boxes are in pixels.
    """
    results.check_one_form(is_json, is_csv)
    model_options.check_weights(model, weights)
    from netdef.classifier import picture_input
    from netdef.deployment import read_labels
    from netdef.detector import Detector
    from netdef.pictures import open_pictures

    device_options.use_gpu(gpu)
    found = open_pictures(images)
    net, known = pictures.net_of(model, weights)
    data = net.blobs[picture_input(net)]
    whole = f"{data.height}x{data.width}"
    how = preparation.preprocessing_of(net, known, mean, scale, channel_order, whole)
    names = read_labels(labels) if labels else known.labels if known else ()
    detector = Detector(net, how, names)
    detected = _detected(detector, found, threshold, Path(out) if out else None)
    (_print_json if is_json else _print_csv if is_csv else _print_text)(detected)


def _detected(
    detector: "Detector", pictures: "Pictures", threshold: float, folder: Path | None
) -> Iterator[Detected]:
    with progress_bar("detect") as tell:
        for number in range(len(pictures)):
            (picture,) = pictures.read(number, 1, detector.takes_color)
            found = detector.detect(picture, threshold)
            if folder:
                name = f"{number:06d}_{Path(picture.name).stem}.png"
                _write(folder / name, picture.pixels, found)
            yield picture.name, found
            if tell:
                tell(number + 1, len(pictures))


def _write(path: Path, pixels: "np.ndarray", found: "list[Detection]") -> None:
    import cv2

    from netdef.detector import draw
    from netdef.errors import cannot_write
    from netdef.io.whole_file import writing_whole

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    with writing_whole(path) as file:
        file.write(cv2.imencode(".png", draw(pixels, found))[1].tobytes())


def _print_text(detected: Iterator[Detected]) -> None:
    for name, found in detected:
        click.echo(name)
        for one in found:
            corners = " ".join(f"{side:.0f}" for side in one[3:])
            click.echo(f"  {one.score:.4f}  {one.label}  {corners}")


def _print_json(detected: Iterator[Detected]) -> None:
    listed = [
        {
            "file": name,
            "detections": [
                {"class": one.number, "label": one.label, "score": one.score, "box": one[3:]}
                for one in found
            ],
        }
        for name, found in detected
    ]
    results.print_json(listed)


def _print_csv(detected: Iterator[Detected]) -> None:
    rows = (
        (name, one.number, one.label, f"{one.score:.6f}", *(f"{side:.2f}" for side in one[3:]))
        for name, found in detected
        for one in found
    )
    results.print_csv(_COLUMNS, rows)

"""``netdef detect``: what a net finds in pictures, and where."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.tools import options, pictures

if TYPE_CHECKING:
    import numpy as np

    from netdef.detector import Detection, Detector
    from netdef.pictures import Pictures

Detected = tuple[str, "list[Detection]"]


@click.command("detect", cls=options.Command)
@click.argument("images", nargs=-1, required=True)
@click.option("--model", required=True, metavar="NET", help="The net's deploy prototxt.")
@options.weights(required=True, help="The weights.")
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
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@options.gpu()
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
    gpu: int | None,
) -> None:
    """Print what a net such as SSD finds in IMAGES, and where.

    IMAGES are files, patterns, folders, lists or a database. Boxes are in pixels.
    """
    from netdef.classifier import picture_input
    from netdef.deployment import read_labels
    from netdef.detector import Detector
    from netdef.pictures import open_pictures

    options.use_gpu(gpu)
    found = open_pictures(images)
    net, _ = pictures.net_of(model, weights)
    data = net.blobs[picture_input(net)]
    whole = f"{data.height}x{data.width}"
    how = pictures.preprocessing_of(net, None, mean, scale, channel_order, whole)
    detector = Detector(net, how, read_labels(labels) if labels else ())
    results = _detected(detector, found, threshold, Path(out) if out else None)
    (_print_json if is_json else _print_text)(results)


def _detected(
    detector: "Detector", pictures: "Pictures", threshold: float, folder: Path | None
) -> Iterator[Detected]:
    for number in range(len(pictures)):
        (picture,) = pictures.read(number, 1, detector.takes_color)
        found = detector.detect(picture, threshold)
        if folder:
            _write(folder / f"{number:06d}_{Path(picture.name).stem}.png", picture.pixels, found)
        yield picture.name, found


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


def _print_text(results: Iterator[Detected]) -> None:
    for name, found in results:
        click.echo(name)
        for one in found:
            corners = " ".join(f"{side:.0f}" for side in one[3:])
            click.echo(f"  {one.score:.4f}  {one.label}  {corners}")


def _print_json(results: Iterator[Detected]) -> None:
    import json

    listed = [
        {
            "file": name,
            "detections": [
                {"class": one.number, "label": one.label, "score": one.score, "box": one[3:]}
                for one in found
            ],
        }
        for name, found in results
    ]
    json.dump(listed, sys.stdout, indent=2, ensure_ascii=False)
    click.echo()

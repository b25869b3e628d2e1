"""Classify labelled ImageNet photos, and print how often the right class comes first.

Photos are prepared as SqueezeNet's training prepared them: shorter side to 256 pixels,
the middle 227 by 227, BGR, less the mean colour. The table has columns ``file`` and
``class_id``; the photos lie in ``samples/`` beside it.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from netdef.errors import DataError, NetdefError, cannot_read
from netdef.net import Net
from netdef.proto import TEST

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
MODEL = SHARED / "models" / "squeezenet_v1.1"
SHORTER_SIDE, CROP = 256, 227
MEAN = np.array([104, 117, 123], np.float32)
"""Of ImageNet's training images: blue, green, red."""

Pixels = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Photo:
    """An image file and the number of what it shows."""

    path: Path
    class_id: int


def read_photos(table: Path) -> list[Photo]:
    """Read a table of photos.

    Raises:
        MissingFile: there is no such table.
    """
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t"))
    except OSError as error:
        raise cannot_read(table, error) from None
    return [Photo(table.parent / "samples" / r["file"], int(r["class_id"])) for r in rows]


def prepared(photo: Photo) -> Pixels:
    """Return the pixels that the net takes, ``(3, 227, 227)``.

    Raises:
        DataError: the file is no image.
    """
    image = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{photo.path}: cannot be read as an image")
    scale = SHORTER_SIDE / min(image.shape[:2])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return middle(cv2.resize(image, size)).astype(np.float32).transpose(2, 0, 1)


def middle(image: Pixels) -> Pixels:
    """Return the middle ``CROP`` by ``CROP`` pixels, less the mean colour."""
    top, left = ((side - CROP) // 2 for side in image.shape[:2])
    return image[top : top + CROP, left : left + CROP] - MEAN


def best_classes(net: Net, photos: list[Photo], count: int) -> Pixels:
    """Return the ``count`` most likely classes of each photo, best first."""
    data, batch = net.blobs["data"], net.blobs["data"].shape[0]
    best = []
    for start in range(0, len(photos), batch):
        pixels = [prepared(p) for p in photos[start : start + batch]]
        data.data[: len(pixels)] = pixels
        scores = next(iter(net.forward().values())).reshape(batch, -1)
        best.append(np.argsort(-scores[: len(pixels)], axis=1)[:, :count])
    return np.concatenate(best)


@click.command(help=__doc__)
@click.option("--photos", type=Path, default=SHARED / "imagenet" / "samples.tsv")
@click.option("--model", default=str(MODEL / "deploy.prototxt"))
@click.option("--weights", default=str(MODEL / "squeezenet_v1.1_fp16rounded.caffemodel"))
def main(photos: Path, model: str, weights: str) -> None:
    """Print top-1 and top-5 accuracy."""
    try:
        known = read_photos(photos)
        best = best_classes(Net(model, TEST, weights=weights, keep="outputs"), known, 5)
    except NetdefError as error:
        raise click.ClickException(str(error)) from error
    is_right = best == np.array([[p.class_id] for p in known])
    first, among_five = is_right[:, 0].mean(), is_right.any(1).mean()
    print(f"{len(known)} photos: top-1 {first:.1%}, top-5 {among_five:.1%}")


if __name__ == "__main__":
    main()

"""Compare how fast netdef and a PyTorch DataLoader make batches: raw LMDBs, and JPEG files.

Beside them, how fast netdef alone hands out raw pixels as bytes, for a GPU that does the rest.
The sides take turns. PyTorch reads the same files with worker processes of its own, and without
any; the ratio is to what is faster. It decodes JPEGs with Pillow.
"""

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from shutil import copytree
from statistics import median
from tempfile import TemporaryDirectory

import click
import cv2
import numpy as np

from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode
from netdef.data.image_source import ImageSource
from netdef.data.lmdb_writer import LmdbWriter
from netdef.data.source import Source
from netdef.proto import TRAIN, TransformationParameter

RAW = (3, 32, 32)
RAW_CROP = 28
RESIZED, CROP = 256, 227
MEAN = (104.0, 117.0, 123.0)
PHOTO = (375, 500)

Batches = Iterator[object]


def write_raw(folder: Path, count: int, shape: tuple[int, int, int] = RAW) -> Path:
    """Write an LMDB of random pixels."""
    random = np.random.default_rng(0)
    with LmdbWriter(folder / "raw") as database:
        for number in range(count):
            image = random.integers(0, 256, shape, np.uint8)
            database.put(b"%08d" % number, encode(image, number % 10))
    return folder / "raw"


def write_photos(folder: Path, count: int) -> Path:
    """Write JPEG files of the size of ImageNet's, and a list of them."""
    random = np.random.default_rng(0)
    lines = []
    for number in range(count):
        rough = random.integers(0, 256, (25, 33, 3), np.uint8)
        smooth = cv2.resize(rough, PHOTO[::-1], interpolation=cv2.INTER_CUBIC).astype(int)
        grain = random.integers(-12, 13, smooth.shape)
        name = folder / f"{number}.jpg"
        cv2.imwrite(str(name), np.clip(smooth + grain, 0, 255).astype(np.uint8))
        lines.append(f"{name} {number % 10}\n")
    (folder / "list.txt").write_text("".join(lines))
    return folder / "list.txt"


def netdef_raw(path: Path, batch: int) -> DatabaseSource:
    """Return netdef's source of crops of raw pixels."""
    fields = TransformationParameter(crop_size=RAW_CROP, mirror=True, mean_value=MEAN)
    return DatabaseSource(path, "LMDB", batch, fields, TRAIN, 0)


def netdef_bytes(path: Path, batch: int) -> Source:
    """Return netdef's source of raw pixels that a GPU crops, mirrors and normalises."""
    source = netdef_raw(path, batch)
    source.leave_images()
    return source


def netdef_photos(path: Path, batch: int) -> Source:
    """Return netdef's source of crops of JPEG files."""
    fields = TransformationParameter(crop_size=CROP, mirror=True, mean_value=MEAN)
    return ImageSource(path, batch, fields, TRAIN, 0, height=RESIZED, width=RESIZED)


def endless(loader: Callable[[], Iterator[object]]) -> Batches:
    """Yield batches, round and round."""
    while True:
        yield from loader()


def speed(take: Callable[[], object], batch: int, seconds: float) -> float:
    """Return how many images come a second."""
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        take()
        count += batch
    return count / (time.perf_counter() - begun)


def compare(
    name: str,
    mine: Source,
    theirs: dict[int, Batches],
    batch: int,
    rounds: int,
    seconds: float,
) -> str:
    """Let all sides take turns; return a line of images a second and their ratio."""
    sides = [mine.next, *(batches.__next__ for batches in theirs.values())]
    with closing(mine):
        for take in sides:
            speed(take, batch, seconds)
        found = [[speed(take, batch, seconds) for take in sides] for _ in range(rounds)]
    own, *others = (median(column) for column in zip(*found, strict=True))
    line = f"{name}: netdef {own:,.0f} images/s"
    if not others:
        return line
    told = ", ".join(f"{s:,.0f} ({n} workers)" for n, s in zip(theirs, others, strict=True))
    return f"{line}, PyTorch {told}, ratio {own / max(others):.2f}"


def loaders(path: Path, batch: int, workers: int) -> dict[int, Batches]:
    """Return PyTorch's batches by the number of its processes, which have begun."""
    from torch_data import photo_loader, raw_loader

    found = {}
    for count in dict.fromkeys((workers, 0)):
        loader, its = photo_loader, path
        if path.is_dir():  # one process cannot open an LMDB twice
            loader, its = raw_loader, path.with_name(f"{path.name}{count}")
            copytree(path, its)
        found[count] = endless(loader(str(its), batch, count).__iter__)
        next(found[count])
    return found


@click.command(help=__doc__)
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--seconds", default=2.0, show_default=True, help="How long a turn is.")
@click.option("--workers", default=2, show_default=True, help="PyTorch's processes.")
@click.option("--images", default=20000, show_default=True, help="Records of the raw LMDB.")
@click.option("--photos", default=200, show_default=True, help="JPEG files.")
def main(rounds: int, seconds: float, workers: int, images: int, photos: int) -> None:
    """Measure both cases and print their ratios."""
    has_torch = all(map(importlib.util.find_spec, ("torch", "PIL")))
    if not has_torch:
        print("PyTorch and Pillow are not both installed: these are netdef's figures alone.")
    with TemporaryDirectory() as folder:
        raw = write_raw(Path(folder), images)
        listed = write_photos(Path(folder), photos)
        for name, make, path, batch in (
            ("raw LMDB", netdef_raw, raw, 128),
            ("raw LMDB, as bytes for a GPU", netdef_bytes, raw, 128),
            ("JPEG files", netdef_photos, listed, 32),
        ):
            has_peer = has_torch and make is not netdef_bytes
            theirs = loaders(path, batch, workers) if has_peer else {}
            print(compare(name, make(path, batch), theirs, batch, rounds, seconds))


if __name__ == "__main__":
    main()

"""Compare how fast netdef converts JPEG files and a loop of one thread does, as Caffe's tool is.

The loop reads, resizes and writes with the same libraries: OpenCV, protobuf and LMDB. Both make
the same records, and take turns.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from statistics import median
from tempfile import TemporaryDirectory

import click
import cv2
import lmdb
from data import RESIZED, write_photos

from netdef.data.convert_images import convert_imageset
from netdef.proto import Datum

COMMITTED = 1000


def in_one_thread(listed: Path, out: Path) -> None:
    """Convert the files of a list, one after the other."""
    with lmdb.open(str(out), map_size=1 << 40) as database:
        transaction = database.begin(write=True)
        for number, line in enumerate(listed.read_text().splitlines()):
            name, label = line.rsplit(maxsplit=1)
            image = cv2.resize(cv2.imread(name), (RESIZED, RESIZED))
            datum = Datum(channels=3, height=RESIZED, width=RESIZED, label=int(label))
            datum.data, datum.encoded = image.transpose(2, 0, 1).tobytes(), False
            transaction.put(b"%08d_%s" % (number, name.encode()), datum.SerializeToString())
            if number % COMMITTED == COMMITTED - 1:
                transaction.commit()
                transaction = database.begin(write=True)
        transaction.commit()


def by_netdef(listed: Path, out: Path, workers: int) -> None:
    """Convert the files of a list as ``netdef convert imageset`` does."""
    convert_imageset("/", listed, out, resize_width=RESIZED, resize_height=RESIZED, workers=workers)


def records(database: Path) -> list[tuple[bytes, bytes]]:
    """Return all records of an LMDB."""
    with lmdb.open(str(database), readonly=True) as opened, opened.begin() as transaction:
        return list(transaction.cursor())


def seconds(convert: Callable[[Path], None], out: Path) -> float:
    """Return how long a conversion takes."""
    begun = time.perf_counter()
    convert(out)
    return time.perf_counter() - begun


@click.command(help=__doc__)
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--photos", default=300, show_default=True, help="JPEG files of 500x375 pixels.")
@click.option("--workers", default=os.cpu_count() or 1, help="Threads; as many as cores.")
def main(rounds: int, photos: int, workers: int) -> None:
    """Measure, check that both wrote the same, and print the ratio."""
    cv2.setNumThreads(1)
    with TemporaryDirectory() as name:
        folder = Path(name)
        listed = write_photos(folder, photos)
        mine, loop = folder / "mine", folder / "loop"
        taken = []
        for _ in range(rounds):
            one = seconds(lambda out: by_netdef(listed, out, workers), mine)
            other = seconds(lambda out: in_one_thread(listed, out), loop)
            taken.append((one, other))
            if records(mine) != records(loop):
                raise click.ClickException("the two databases differ")
            rmtree(mine)
            rmtree(loop)
    mines, loops = (photos / median(column) for column in zip(*taken, strict=True))
    print(f"netdef, {workers} threads: {mines:,.0f} images/s")
    print(f"a loop of one thread: {loops:,.0f} images/s, ratio {mines / loops:.2f}")


if __name__ == "__main__":
    main()

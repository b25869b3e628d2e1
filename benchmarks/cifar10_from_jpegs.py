"""Make the databases of ``configs/cifar10`` from CIFAR-10 as JPEGs, in zips by class.

    python benchmarks/cifar10_from_jpegs.py --out examples/cifar10

Images become records as ``netdef convert imageset --shuffle`` makes them, so their channels are
BGR; the mean is that of the training images.
"""

import argparse
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from netdef.data.convert_images import convert_imageset
from netdef.data.datum import decode
from netdef.data.lmdb_reader import LmdbReader
from netdef.io.blobs import write_blob

ZIPS = Path(__file__).resolve().parents[2] / "shared" / "data" / "cifar10"


def make_database(zips: Path, part: str, out: Path) -> Path:
    """Write the images of one zip, shuffled, to a new LMDB."""
    classes = (zips / "labels.txt").read_text().split()
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(zips / f"cifar10_{part}_jpg.zip") as archive:
            archive.extractall(folder)
            names = sorted(archive.namelist())
        lines = [f"{name} {classes.index(name.split('/')[1])}\n" for name in names]
        listed = Path(folder, "list.txt")
        listed.write_text("".join(lines))
        return convert_imageset(folder, listed, out / f"cifar10_{part}_lmdb", shuffle=True)


def mean_of(database: Path) -> np.ndarray:
    """Return the mean of a database's images, ``(1, C, H, W)``."""
    reader = LmdbReader(database)
    images = [decode(value)[0] for _, value in reader.read(0, reader.entries)]
    reader.close()
    return np.mean(images, axis=0, keepdims=True, dtype=np.float64)


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--zips", type=Path, default=ZIPS, help="the folder of the zips")
    parser.add_argument("--out", type=Path, default=Path("examples/cifar10"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    train, test = (make_database(arguments.zips, p, arguments.out) for p in ("train", "test"))
    write_blob(arguments.out / "mean.binaryproto", mean_of(train))
    print(f"wrote {train}, {test} and {arguments.out / 'mean.binaryproto'}")


if __name__ == "__main__":
    main()

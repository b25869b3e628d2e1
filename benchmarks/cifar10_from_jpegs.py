"""Make the databases of ``configs/cifar10`` from CIFAR-10 as JPEGs, in zips by class.

    python benchmarks/cifar10_from_jpegs.py --out examples/cifar10

The pictures are put into files like CIFAR-10's binary ones, in an order of chance, and these
are converted as ``netdef convert cifar10`` does: so the channels are RGB, as published nets want.
"""

import argparse
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from netdef.data.convert_cifar10 import Cifar10Files, convert_cifar10
from netdef.data.datum import decode_image
from netdef.data.random_words import permutation

ZIPS = Path(__file__).resolve().parents[2] / "shared" / "data" / "cifar10"


def databases_of(zips: Path, out: Path) -> Cifar10Files:
    """Write the training and test images of the zips, shuffled, and the mean, into ``out``."""
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(np.array_split(records(zips, "train"), 5), 1):
            part.tofile(Path(folder, f"data_batch_{number}.bin"))
        records(zips, "test").tofile(Path(folder, "test_batch.bin"))
        return convert_cifar10(folder, out)


def records(zips: Path, part: str) -> np.ndarray:
    """Return the images of a zip, shuffled: a label and the pixels of red, green, blue.

    Shapes:
        returns: ``(N, 3073)`` uint8.
    """
    classes = (zips / "labels.txt").read_text().split()
    rows = []
    with zipfile.ZipFile(zips / f"cifar10_{part}_jpg.zip") as archive:
        for name in sorted(archive.namelist()):
            pixels = decode_image(archive.read(name))[::-1]
            rows.append(np.append(np.uint8(classes.index(name.split("/")[1])), pixels.ravel()))
    return np.stack(rows)[permutation(0, part, len(rows))]


def main() -> None:
    """Read the arguments and write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--zips", type=Path, default=ZIPS, help="the folder of the zips")
    parser.add_argument("--out", type=Path, default=Path("examples/cifar10"))
    arguments = parser.parse_args()
    found = databases_of(arguments.zips, arguments.out)
    print("wrote", ", ".join(map(str, found)))


if __name__ == "__main__":
    main()

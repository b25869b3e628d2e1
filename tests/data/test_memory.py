"""However many batches are read, memory stays flat."""

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from netdef.data.database import database_writer
from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode, encode_file
from netdef.data.folder_source import FolderSource
from netdef.data.hdf5_source import HDF5Source
from netdef.data.image_source import ImageSource
from netdef.data.window_source import WindowSource
from netdef.proto import TRAIN, TransformationParameter, WindowDataParameter

SIDE, COUNT, BATCH = 32, 40, 16
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 3, SIDE, SIDE), np.uint8)
PLAIN = TransformationParameter(crop_size=24, mirror=True, mean_value=[100])
CHANGED = TransformationParameter(
    crop_size=24, resize=30, pad=2, max_rotation=9, min_crop_area=0.5, brightness=0.2,
    contrast=0.2, saturation=0.2, hue=9, cutout=4,
)  # fmt: skip
BATCH_BYTES = BATCH * 3 * 24 * 24 * 4


def jpeg(image):
    return cv2.imencode(".jpg", image.transpose(1, 2, 0))[1].tobytes()


def database(folder, kind, is_encoded=False):
    with database_writer(folder / kind, kind) as written:
        for number, image in enumerate(IMAGES):
            value = encode_file(jpeg(image), number) if is_encoded else encode(image, number)
            written.put(b"%04d" % number, value)
    return folder / kind


def listed(folder):
    (folder / "in/a").mkdir(parents=True)
    for number, image in enumerate(IMAGES):
        (folder / f"in/a/{number}.jpg").write_bytes(jpeg(image))
    names = [f"{folder}/in/a/{number}.jpg" for number in range(COUNT)]
    (folder / "list").write_text("".join(f"{name} 0\n" for name in names))
    (folder / "windows").write_text(
        "".join(f"# 0 {name} 3 32 32 2 1 0.9 1 1 20 20 0 0.1 5 5 30 30 " for name in names)
    )
    return folder / "list"


def hdf5(folder):
    with h5py.File(folder / "a.h5", "w") as file:
        file["data"], file["label"] = IMAGES, np.arange(COUNT)
    (folder / "list").write_text("a.h5\n")
    return folder / "list"


def windows(folder):
    listed(folder)
    param = WindowDataParameter(source=str(folder / "windows"), batch_size=BATCH)
    return WindowSource(param, TransformationParameter(crop_size=24, mirror=True), 0)


SOURCES = {
    "raw LMDB": lambda f: DatabaseSource(database(f, "LMDB"), "LMDB", BATCH, PLAIN, TRAIN, 0),
    "encoded LMDB": lambda f: DatabaseSource(
        database(f, "LMDB", True), "LMDB", BATCH, CHANGED, TRAIN, 0
    ),
    "shuffled LMDB": lambda f: DatabaseSource(
        database(f, "LMDB"), "LMDB", BATCH, PLAIN, TRAIN, 0, shuffle=True
    ),
    "LevelDB": lambda f: DatabaseSource(database(f, "LEVELDB"), "LEVELDB", BATCH, PLAIN, TRAIN, 0),
    "list": lambda f: ImageSource(listed(f), BATCH, PLAIN, TRAIN, 0, shuffle=True),
    "folder": lambda f: FolderSource(listed(f).parent / "in", BATCH, CHANGED, TRAIN, 0),
    "windows": windows,
    "HDF5": lambda f: HDF5Source(hdf5(f), BATCH, ("data", "label"), shuffle=True),
}


def resident():
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def growth(source, batches):
    for _ in range(60):
        source.next()
    before = resident()
    for _ in range(batches):
        source.next()
    return resident() - before


@pytest.mark.parametrize("name", SOURCES)
def test_memory_stays_flat(tmp_path, name):
    source = SOURCES[name](tmp_path)
    grown = growth(source, 200)
    source.close()
    assert grown < 200 * BATCH_BYTES / 5  # of the 22 MB that were handed out


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_memory_stays_flat_over_many_batches(tmp_path, name):
    source = SOURCES[name](tmp_path)
    grown = growth(source, 10_000)
    source.close()
    assert grown < 8 << 20

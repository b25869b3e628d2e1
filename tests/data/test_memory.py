"""However many batches are read, memory stays flat."""

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

import netdef
from netdef.data.database import database_writer
from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode, encode_file
from netdef.data.folder_source import FolderSource
from netdef.data.hdf5_source import HDF5Source
from netdef.data.image_source import ImageSource
from netdef.data.memory_source import MemorySource
from netdef.data.window_source import WindowSource
from netdef.layer import LAYERS, Filler
from netdef.proto import TRAIN, BlobShape, TransformationParameter, WindowDataParameter
from netdef.prototxt import parse_net
from netdef.shape import Shape

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


def arrays(folder):
    source = MemorySource(BATCH, Shape(IMAGES.shape[1:]))
    source.set_arrays(IMAGES[:32], np.zeros(32))
    return source


def made_up(folder):
    shape = BlobShape(dim=(BATCH, 3, 24, 24))
    filler = Filler(type="gaussian", std=1)
    return LAYERS["DummyData"](shape=(shape,), data_filler=(filler,)).open(("data",), 0)


class NetSource:
    """The batches of a user's Python layer, which runs in a net."""

    def __init__(self, layer):
        self.net = netdef.Net(parse_net(f'layer {{ name: "in" {layer} }}', "net"), netdef.TEST)

    def next(self):
        return tuple(self.net.forward().values())

    def close(self):
        self.net.close()


def users_code(folder):
    (folder / "made_of_noise.py").write_text(
        "import netdef, numpy as np\n"
        "class Noise(netdef.Layer):\n"
        "    def reshape(self, bottom, top): top[0].reshape(16, 3, 24, 24)\n"
        "    def forward(self, bottom, top): top[0].data[...] = np.random.rand(16, 3, 24, 24)\n"
        "    def backward(self, top, propagate_down, bottom): pass\n"
    )
    return NetSource(
        'type: "Python" top: "x" python_param { module: "made_of_noise" layer: "Noise" }'
    )


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
    "HDF5": lambda f: HDF5Source(hdf5(f), BATCH, ("data", "label")),
    "HDF5, shuffled and changed": lambda f: HDF5Source(
        hdf5(f), BATCH, ("data", "label"), shuffle=True, transform_param=CHANGED, phase=TRAIN
    ),
    "arrays": arrays,
    "made up": made_up,
    "a user's code": users_code,
}


def resident():
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    netdef.allow_python()
    yield tmp_path
    netdef.allow_python(False)


def growth(source, batches):
    for _ in range(60):
        source.next()
    before = resident()
    for _ in range(batches):
        source.next()
    return resident() - before


@pytest.mark.parametrize("name", SOURCES)
def test_memory_stays_flat(folder, name):
    source = SOURCES[name](folder)
    grown = growth(source, 200)
    source.close()
    assert grown < 200 * BATCH_BYTES / 5  # of the 22 MB that were handed out


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_memory_stays_flat_over_many_batches(folder, name):
    source = SOURCES[name](folder)
    grown = growth(source, 10_000)
    source.close()
    assert grown < 8 << 20

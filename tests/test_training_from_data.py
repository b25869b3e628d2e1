"""A net learns from each kind of data, and goes on with it exactly where it stopped."""

import cv2
import h5py
import numpy as np
import pytest

import netdef
from netdef.data.database import database_writer
from netdef.data.datum import encode, encode_file

COUNT, BATCH, SIDE = 20, 6, 12
LABELS = np.arange(COUNT) % 2
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 140, (COUNT, 3, SIDE, SIDE)) + 100 * LABELS[:, None, None, None]
IMAGES = IMAGES.astype(np.uint8)  # one class is darker
CHANGE = "transform_param { crop_size: 10 mirror: true scale: 0.01 mean_value: 120 }"
PYTHON = """
import netdef as caffe
import numpy as np

class Images(caffe.Layer):
    def setup(self, bottom, top):
        self.images, self.at = np.load("images.npy"), 0

    def reshape(self, bottom, top):
        top[0].reshape(6, *self.images.shape[1:])
        top[1].reshape(6)

    def forward(self, bottom, top):
        rows = (self.at + np.arange(6)) % len(self.images)
        top[0].data[...], top[1].data[...] = self.images[rows], rows % 2
        self.at += 6

    def backward(self, top, propagate_down, bottom):
        pass
"""


def jpeg(image):
    return cv2.imencode(".jpg", image.transpose(1, 2, 0))[1].tobytes()


def write_everything(folder):
    for kind in ("LMDB", "LEVELDB"):
        with database_writer(folder / kind, kind) as raw:
            for number, image in enumerate(IMAGES):
                raw.put(b"%04d" % number, encode(image, int(LABELS[number])))
    with database_writer(folder / "encoded", "LMDB") as encoded:
        for number, image in enumerate(IMAGES):
            encoded.put(b"%04d" % number, encode_file(jpeg(image), int(LABELS[number])))
    names = [f"in/{'ab'[label]}/{number}.jpg" for number, label in enumerate(LABELS)]
    windows = []
    for name, image, label in zip(names, IMAGES, LABELS, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(jpeg(image))
        kind = "1 0.9" if label else "0 0.1"
        windows.append(f"# 0 {name} 3 {SIDE} {SIDE} 1 {kind} 1 1 10 10\n")
    listed = (f"{name} {label}\n" for name, label in zip(names, LABELS, strict=True))
    (folder / "list.txt").write_text("".join(listed))
    (folder / "windows.txt").write_text("".join(windows))
    with h5py.File(folder / "images.h5", "w") as file:
        file["data"], file["label"] = IMAGES, LABELS
    (folder / "hdf5.txt").write_text("images.h5\n")
    np.save(folder / "images.npy", scaled(IMAGES))
    (folder / "made_images.py").write_text(PYTHON)


def scaled(images):
    return (images.astype("f") - 120) * np.float32(0.01)


def data(source, more=""):
    return f'type: "Data" {CHANGE} data_param {{ source: "{source}" batch_size: 6 {more} }}'


SOURCES = {
    "LMDB": data("LMDB", "backend: LMDB"),
    "LMDB, shuffled": data("LMDB", "backend: LMDB shuffle: true rand_skip: 9"),
    "LMDB of JPEGs": data("encoded", "backend: LMDB"),
    "LevelDB": data("LEVELDB"),
    "ImageData": f'type: "ImageData" {CHANGE} image_data_param {{ source: "list.txt" batch_size: 6'
    " shuffle: true rand_skip: 5 }",
    "Folder": f'type: "Folder" {CHANGE} folder_param {{ source: "in" batch_size: 6'
    " shuffle: true }",
    "HDF5Data": f'type: "HDF5Data" {CHANGE} hdf5_data_param {{ source: "hdf5.txt" batch_size: 6'
    " shuffle: true }",
    "WindowData": f'type: "WindowData" {CHANGE} window_data_param {{ source: "windows.txt"'
    " batch_size: 6 fg_fraction: 0.5 }",
    "MemoryData": 'type: "MemoryData"'
    f" memory_data_param {{ batch_size: 5 channels: 3 height: {SIDE} width: {SIDE} }}",
    "DummyData": f"""type: "DummyData" dummy_data_param {{
      shape {{ dim: 6 dim: 3 dim: {SIDE} dim: {SIDE} }} shape {{ dim: 6 }}
      data_filler {{ type: "gaussian" std: 1 }} data_filler {{ type: "constant" value: 1 }} }}""",
    "Python": 'type: "Python" python_param { module: "made_images" layer: "Images" }',
}
BODY = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
SOLVER = """
net: "net.prototxt" base_lr: 0.01 momentum: 0.9 lr_policy: "fixed" max_iter: 60 random_seed: 2
solver_mode: CPU snapshot_prefix: "s" snapshot_after_train: false
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_everything(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    netdef.allow_python()
    yield tmp_path
    netdef.allow_python(False)


def solver(folder, name):
    top = 'name: "in" top: "data" top: "label"'
    (folder / "net.prototxt").write_text(f"layer {{ {top} {SOURCES[name]} }}\n{BODY}")
    (folder / "solver.prototxt").write_text(SOLVER)
    made = netdef.get_solver("solver.prototxt")
    if name == "MemoryData":
        made.net.set_input_arrays(scaled(IMAGES), LABELS)
    return made


def losses(made, count):
    found = []
    for _ in range(count):
        made.step(1)
        found.append(float(made.net.blobs["loss"].data))
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_a_net_learns(folder, name):
    made = solver(folder, name)
    found = losses(made, 40)
    made.net.close()
    assert np.mean(found[:3]) > 0.3
    assert np.mean(found[-10:]) < 0.12


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "Python"])
def test_a_resumed_training_sees_the_same_data(folder, name):
    whole = solver(folder, name)
    losses(whole, 5)
    whole.snapshot()
    wanted = losses(whole, 6)
    whole.net.close()
    resumed = solver(folder, name)
    resumed.restore("s_iter_5.solverstate")
    assert losses(resumed, 6) == wanted
    resumed.net.close()

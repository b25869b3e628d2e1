"""Weights of every age, binary and HDF5, as Caffe writes and reads them."""

import os
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from netdef.errors import MissingFile, RunError, WeightsError
from netdef.io import weights
from netdef.io.weights import Format, read_weights, write_weights
from netdef.proto import BlobProto, NetParameter

Blobs = dict[str, list[NDArray[np.float32]]]

REAL = {
    "lenet/lenet_iter_10000.caffemodel": (9, "ip1", "InnerProduct", [(500, 800), (500,)]),
    "lenet/v1era_lenet_iter_10000.caffemodel": (
        9,
        "ip1",
        "InnerProduct",
        [(1, 1, 500, 800), (1, 1, 1, 500)],
    ),
    "cifar10_h5/cifar10_full_iter_60000.caffemodel.h5": (14, "ip1", "", [(10, 1024), (10,)]),
    "cifar10_h5/cifar10_quick_iter_4000.caffemodel": (
        13,
        "conv2",
        "Convolution",
        [(32, 32, 5, 5), (32,)],
    ),
    "squeezenet_v1.1/squeezenet_v1.1_fp16rounded.caffemodel": (
        67,
        "fire2/squeeze1x1",
        "Convolution",
        [(16, 64, 1, 1), (16,)],
    ),
    "mobilenet_v2_torchvision/mobilenet_v2.caffemodel": (
        205,
        "conv1/bn",
        "BatchNorm",
        [(32,), (32,), (1,)],
    ),
    "mtcnn/det1.caffemodel": (18, "PReLU1", "PReLU", [(10,)]),
    "wechat_qrcode/detect.caffemodel": (204, "data/bn", "BatchNorm", [(1,), (1,), (1,)]),
}


@pytest.mark.parametrize("name", REAL)
def test_real_weights(shared: Path, name: str) -> None:
    layers = read_weights(shared / "data/models" / name)
    count, layer, kind, shapes = REAL[name]
    assert len(layers) == count
    assert (layers[layer].name, layers[layer].type) == (layer, kind)
    assert [blob.shape for blob in layers[layer].blobs] == shapes


@pytest.mark.parametrize("name", [name for name in REAL if name.endswith("caffemodel")])
def test_real_weights_are_what_protobuf_reads(shared: Path, name: str) -> None:
    path = shared / "data/models" / name
    net = NetParameter.FromString(path.read_bytes())
    ours = read_weights(path)
    theirs = {layer.name: layer.blobs for layer in [*net.layer, *net.layers]}
    assert list(ours) == list(theirs)
    for layer, blobs in theirs.items():
        assert len(ours[layer].blobs) == len(blobs)
        for array, blob in zip(ours[layer].blobs, blobs, strict=True):
            np.testing.assert_array_equal(array.ravel(), np.array(blob.data, np.float32))


def test_every_recorded_snapshot_reads(shared: Path) -> None:
    paths = sorted(shared.glob("goldens/solvers/*.caffemodel*"))
    assert len(paths) == 9
    for path in paths:
        assert sum(len(layer.blobs) for layer in read_weights(path).values()) >= 4, path


def test_both_formats_hold_the_same(shared: Path) -> None:
    folder = shared / "goldens/solvers"
    h5 = read_weights(folder / "nesterov_iter_10.caffemodel.h5")
    binary = read_weights(folder / "sgd_momentum_iter_10.caffemodel")
    assert set(h5) == set(binary)
    for name, layer in h5.items():
        assert [b.shape for b in layer.blobs] == [b.shape for b in binary[name].blobs]


def test_a_layer_of_2013(tmp_path: Path) -> None:
    net = NetParameter()
    layer = net.layers.add().layer
    layer.name, layer.type = "c", "conv"
    layer.blobs.add(num=1, channels=1, height=1, width=2, data=[3, 4])
    (tmp_path / "w").write_bytes(net.SerializeToString())
    [read] = read_weights(tmp_path / "w").values()
    assert (read.name, read.type, read.blobs[0].tolist()) == ("c", "Convolution", [[[[3, 4]]]])


def test_fields_of_forks_are_stepped_over(tmp_path: Path) -> None:
    plain = NetParameter()
    plain.layer.add(name="a", type="X").blobs.add(data=[1, 2])
    unknown = b"\xa0\x1f\x05" + b"\xaa\x1f\x02ab" + b"\xad\x1f1234" + b"\xa9\x1f12345678"
    (tmp_path / "w").write_bytes(unknown + plain.SerializeToString() + unknown)
    assert read_weights(tmp_path / "w")["a"].blobs[0].tolist() == [1, 2]


@pytest.fixture
def net() -> NetParameter:
    net = NetParameter(name="n")
    net.layer.add(name="in", type="Input", top=["x"])
    net.layer.add(name="a/b", type="InnerProduct", bottom=["x"], top=["y"])
    net.layer.add(name="a", type="Scale", bottom=["y"], top=["z"])
    net.layer[1].inner_product_param.num_output = 3
    net.layer[1].blobs.add(data=[9])
    return net


@pytest.fixture
def blobs() -> Blobs:
    random = np.random.default_rng(0)
    arrays = [random.normal(size=size).astype(np.float32) for size in [(3, 40), (3,), (7, 1, 2)]]
    return {"a/b": arrays[:2], "a": arrays[2:]}


@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
def test_weights_read_back(tmp_path: Path, net: NetParameter, blobs: Blobs, form: Format) -> None:
    write_weights(tmp_path / "w", net, blobs, form)
    read = read_weights(tmp_path / "w")
    assert set(read) == {"in", "a/b", "a"}
    assert read["in"].blobs == []
    for name, arrays in blobs.items():
        for ours, theirs in zip(read[name].blobs, arrays, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert os.listdir(tmp_path) == ["w"]


def test_binary_weights_are_a_whole_net(tmp_path: Path, net: NetParameter, blobs: Blobs) -> None:
    write_weights(tmp_path / "w", net, blobs)
    expected = NetParameter()
    expected.CopyFrom(net)
    expected.layer[1].ClearField("blobs")
    for index, name in enumerate(["a/b", "a"], start=1):
        for array in blobs[name]:
            shape = {"dim": array.shape}
            blob = BlobProto(shape=shape, data=array.ravel())  # type: ignore[arg-type]
            expected.layer[index].blobs.append(blob)
    assert NetParameter.FromString((tmp_path / "w").read_bytes()) == expected
    assert len(net.layer[1].blobs) == 1


def test_opencv_reads_what_is_written(shared: Path, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip(f"needs OpenCV 4; {cv2.__version__} does not read Caffe's files")
    folder = shared / "data/models/lenet"
    net = NetParameter.FromString((folder / "lenet_iter_10000.caffemodel").read_bytes())
    read = read_weights(folder / "lenet_iter_10000.caffemodel")
    write_weights(tmp_path / "w", net, {name: layer.blobs for name, layer in read.items()})
    image = np.random.default_rng(0).random((1, 1, 28, 28), np.float32)
    answers = []
    for model in (folder / "lenet_iter_10000.caffemodel", tmp_path / "w"):
        opencv = cv2.dnn.readNetFromCaffe(str(folder / "lenet_deploy.prototxt"), str(model))
        opencv.setInput(image)
        answers.append(opencv.forward())
    np.testing.assert_array_equal(*answers)


def test_hdf5_weights_lie_where_caffe_looks(
    tmp_path: Path, net: NetParameter, blobs: Blobs
) -> None:
    write_weights(tmp_path / "w", net, {"a": blobs["a"]}, "HDF5")
    with h5py.File(tmp_path / "w") as file:
        assert file["data/a/0"].dtype == np.float32
        np.testing.assert_array_equal(file["data/a/0"], blobs["a"][0])
        assert len(file["data/in"]) == 0


def test_gradients_go_along(tmp_path: Path, net: NetParameter, blobs: Blobs) -> None:
    diffs = {name: [-array for array in arrays] for name, arrays in blobs.items()}
    write_weights(tmp_path / "w", net, blobs, "BINARYPROTO", diffs)
    blob = NetParameter.FromString((tmp_path / "w").read_bytes()).layer[2].blobs[0]
    assert list(blob.diff) == [-value for value in blob.data] == diffs["a"][0].ravel().tolist()
    write_weights(tmp_path / "h", net, blobs, "HDF5", diffs)
    with h5py.File(tmp_path / "h") as file:
        np.testing.assert_array_equal(file["diff/a/b/1"], diffs["a/b"][1])


def test_a_blob_of_another_layer_is_empty(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w", "w") as file:
        file["data/a/1"] = np.ones(2)
    assert [blob.tolist() for blob in read_weights(tmp_path / "w")["a"].blobs] == [[], [1, 1]]


def test_binary_weights_of_more_than_2_gib(
    tmp_path: Path, net: NetParameter, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_weights(tmp_path / "w", net, blobs)
    size = os.path.getsize(tmp_path / "w")
    monkeypatch.setattr(weights, "LARGEST", size - 1)
    with pytest.raises(WeightsError) as error:
        write_weights(tmp_path / "w2", net, blobs)
    assert str(error.value) == (
        f"{tmp_path}/w2: {size} bytes are more than the {size - 1} of a binary caffemodel; "
        "use snapshot_format: HDF5"
    )
    assert os.listdir(tmp_path) == ["w"]


def test_blobs_of_no_layer(tmp_path: Path, net: NetParameter) -> None:
    with pytest.raises(WeightsError) as error:
        write_weights(tmp_path / "w", net, {"b": []})
    assert str(error.value) == f"{tmp_path}/w: blobs are given for 'b', no layer of the net"


@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
def test_a_missing_folder(tmp_path: Path, net: NetParameter, form: Format) -> None:
    with pytest.raises(RunError) as error:
        write_weights(tmp_path / "no/w", net, {}, form)
    expected = f"{tmp_path}/no/w: its folder does not exist; make {tmp_path}/no first"
    assert str(error.value) == expected


def refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as error:
        read_weights(path)
    return str(error.value).removeprefix(f"{path}: ")


def test_files_that_hold_no_weights(shared: Path, tmp_path: Path) -> None:
    models = shared / "data/models"
    assert refusal(models / "lenet/lenet_iter_10000.solverstate") == (
        "is a solver's state; give the weights (.caffemodel) beside it"
    )
    assert refusal(models / "cifar10_h5/cifar10_full_iter_60000.solverstate.h5") == (
        "is a solver's state; give the weights (.caffemodel.h5) beside it"
    )
    assert refusal(models / "lenet/lenet_deploy.prototxt") == (
        "is a text file (a prototxt?); a binary file is expected"
    )
    (tmp_path / "mean").write_bytes(BlobProto(data=[1, 2]).SerializeToString())
    assert refusal(tmp_path / "mean") == "is a single blob (a mean image?); weights are expected"
    (tmp_path / "empty").touch()
    assert refusal(tmp_path / "empty") == "is empty"
    (tmp_path / "name").write_bytes(b"\x0a\x01\xe9")
    assert refusal(tmp_path / "name") == "holds no layers; weights (.caffemodel) are expected"
    with h5py.File(tmp_path / "h5", "w") as file:
        file["data"] = np.ones(3)
    assert refusal(tmp_path / "h5") == "holds no layers; weights (.caffemodel.h5) are expected"
    with h5py.File(tmp_path / "h5", "w") as file:
        file["data/a/0"] = "text"
    assert refusal(tmp_path / "h5") == "layer 'a': is no blob: '0' of type object"
    with h5py.File(tmp_path / "h5", "w") as file:
        file["data/a/bias"] = np.ones(3)
    assert refusal(tmp_path / "h5") == "layer 'a': is no blob: 'bias' of type float64"
    with pytest.raises(MissingFile) as error:
        read_weights(tmp_path / "no")
    assert str(error.value) == f"{tmp_path}/no: no such file or folder"


def test_files_that_are_cut_off(shared: Path, tmp_path: Path) -> None:
    whole = (shared / "data/models/lenet/lenet_iter_10000.caffemodel").read_bytes()
    (tmp_path / "w").write_bytes(whole[:1000000])
    assert refusal(tmp_path / "w") == "is cut off or damaged: at least 704786 bytes are missing"
    whole = (shared / "goldens/solvers/adadelta_iter_10.caffemodel.h5").read_bytes()
    (tmp_path / "h").write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path / "h").startswith("is cut off or damaged (")


def test_no_damage_is_a_surprise(shared: Path, tmp_path: Path) -> None:
    whole = (shared / "goldens/solvers/net_init.caffemodel").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(1000):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole) // 4, 3):
            damaged[place] = random.integers(256)
        (tmp_path / "w").write_bytes(damaged)
        with suppress(WeightsError):
            read_weights(tmp_path / "w")

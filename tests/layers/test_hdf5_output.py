import errno
import subprocess
import sys

import h5py
import numpy as np
import pytest

import netdef
from netdef.errors import RunError
from netdef.prototxt import parse_net
from tests.refusal import layer_refusal

DATA = np.random.default_rng(1).normal(size=(4, 3, 2, 2)).astype("f")


def text(path, data="dim: 2 dim: 3 dim: 2 dim: 2"):
    return (
        f'layer {{ name: "in" type: "Input" top: "x" top: "y" input_param {{ shape {{ {data} }}'
        " shape { dim: 2 } } }\n"
        'layer { name: "out" type: "HDF5Output" bottom: "x" bottom: "y"'
        f' hdf5_output_param {{ file_name: "{path}" }} }}'
    )


def write(path, keep="blobs"):
    made = netdef.Net(parse_net(text(path), "net.prototxt"), netdef.TEST, keep=keep)
    for i in (0, 2):
        made.forward(x=DATA[i : i + 2], y=[i, i + 1])
        assert not path.exists()
    made.close()
    made.close()
    return made


@pytest.mark.parametrize("keep", ["blobs", "outputs"])
def test_the_rows_of_every_pass(tmp_path, keep):
    write(tmp_path / "out.h5", keep)
    with h5py.File(tmp_path / "out.h5") as file:
        assert sorted(file) == ["data", "label"]
        assert file["data"].dtype == file["label"].dtype == "float32"
        np.testing.assert_array_equal(file["data"], DATA)
        np.testing.assert_array_equal(file["label"], [0, 1, 2, 3])
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5"]


def test_a_data_layer_reads_it_again(tmp_path):
    write(tmp_path / "out.h5")
    (tmp_path / "list.txt").write_text(f"{tmp_path}/out.h5")
    source = (
        'layer { name: "d" type: "HDF5Data" top: "data" top: "label" hdf5_data_param {'
        f' source: "{tmp_path}/list.txt" batch_size: 4 }} }}'
    )
    net = netdef.Net(parse_net(source, "net.prototxt"), netdef.TEST)
    np.testing.assert_array_equal(net.forward()["data"], DATA)
    net.close()


def test_a_net_that_goes_on_begins_a_new_file(tmp_path):
    net = write(tmp_path / "out.h5")
    net.forward(x=DATA[:2], y=[8, 9])
    net.close()
    with h5py.File(tmp_path / "out.h5") as file:
        assert list(file["label"]) == [8, 9]


def test_the_end_of_the_process_closes_it(tmp_path):
    code = (
        "import netdef\nfrom netdef.prototxt import parse_net\n"
        f"net = netdef.Net(parse_net({text(tmp_path / 'out.h5')!r}, 'net'), netdef.TEST)\n"
        "net.forward()\nnet.forward()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["data"].shape == (4, 3, 2, 2)


def test_rows_of_another_shape(tmp_path):
    net = netdef.Net(parse_net(text(tmp_path / "out.h5"), "net.prototxt"), netdef.TEST)
    net.forward()
    net.blobs["x"].reshape(2, 3, 1, 2)
    with pytest.raises(netdef.errors.ShapeError) as caught:
        net.forward()
    assert str(caught.value) == (
        f"net.prototxt:2: layer 'out' (HDF5Output): {tmp_path}/out.h5: rows of 'data' have the"
        " shape (3, 1, 2), the first ones (3, 2, 2)"
    )
    net.close()


def test_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "nowhere/out.h5"
    net = netdef.Net(parse_net(text(path), "net.prototxt"), netdef.TEST)
    with pytest.raises(RunError) as caught:
        net.forward()
    assert str(caught.value) == (
        f"net.prototxt:2: layer 'out' (HDF5Output): {path}: its folder does not exist; make"
        f" {path.parent} first"
    )


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    net = netdef.Net(parse_net(text(tmp_path / "out.h5"), "net.prototxt"), netdef.TEST)
    net.forward()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(h5py.Dataset, "resize", full)
    with pytest.raises(RunError) as caught:
        net.forward()
    assert str(caught.value) == (
        f"net.prototxt:2: layer 'out' (HDF5Output): {tmp_path}/out.h5: the disk is full; nothing"
        " was written under that name"
    )
    net.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("shapes", "fields", "message"),
    [
        ([(2, 3), (3,)], "file_name: 'f'", "data has 2 rows, label 3"),
        ([(2, 3), ()], "file_name: 'f'", "data (2, 3) and label () need a first axis, of rows"),
        ([(2, 3), (2,)], "", "hdf5_output_param must set file_name"),
        ([(2, 3)], "file_name: 'f'", "takes 2 bottoms, got 1"),
    ],
)
def test_what_is_refused(shapes, fields, message):
    layer = f'type: "HDF5Output" hdf5_output_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(HDF5Output): {message}"

"""``--allow-python``: Python layers run when the user says so, in every command that makes nets."""

import sys

import pytest

import netdef as package

LAYER = """
import netdef


class Halve(netdef.Layer):
    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data / 2

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = top[0].diff / 2
"""
NET = """layer { name: "data" type: "DummyData" top: "x" top: "t" dummy_data_param {
  shape { dim: 4 dim: 2 } shape { dim: 4 } data_filler { value: 1 } data_filler {} } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "halve" type: "Python" bottom: "y" top: "z"
  python_param { module: "halving" layer: "Halve" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "z" bottom: "t" top: "loss" }
"""
SOLVER = 'net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed" max_iter: 2 snapshot_prefix: "s"'
COMMANDS = {
    "train": ["--solver", "solver.prototxt"],
    "test": ["--model", "net.prototxt", "--weights", "s_iter_2.caffemodel", "--iterations", "1"],
    "time": ["--model", "net.prototxt", "--iterations", "1"],
    "show": ["--model", "net.prototxt"],
}


@pytest.fixture
def folder(netdef, tmp_path, monkeypatch):
    (tmp_path / "halving.py").write_text(LAYER)
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    yield tmp_path
    package.allow_python(False)
    sys.modules.pop("halving", None)


def test_without_it_a_net_is_refused(netdef, folder):
    for command, arguments in COMMANDS.items():
        ran = netdef(command, *arguments)
        assert ran.status == 2
        assert ran.err.endswith(
            "net.prototxt:5: layer 'halve' (Python): would run the class 'Halve' of the module"
            " 'halving', and a prototxt runs no code unless you say so: give --allow-python, or"
            " call netdef.allow_python()\n"
        )
    assert "halving" not in sys.modules


def test_with_it_a_net_runs(netdef, folder):
    for command, arguments in COMMANDS.items():
        ran = netdef(command, *arguments, "--allow-python")
        assert ran.status == 0, ran.err
    assert (folder / "s_iter_2.caffemodel").is_file()

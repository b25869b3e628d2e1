"""A small net with data of its own, to be trained in a folder of the test."""

import h5py
import numpy as np
import pytest

NET = """
name: "small"
layer { name: "data" type: "HDF5Data" top: "x" top: "label" include { phase: TRAIN }
  hdf5_data_param { source: "list.txt" batch_size: 8 } }
layer { name: "data" type: "HDF5Data" top: "x" top: "label" include { phase: TEST }
  hdf5_data_param { source: "list.txt" batch_size: 6 } }
layer { name: "ip1" type: "InnerProduct" bottom: "x" top: "ip1"
  param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  inner_product_param { num_output: 7 weight_filler { type: "xavier" } } }
layer { name: "tanh" type: "TanH" bottom: "ip1" top: "ip1" }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "ip2" bottom: "label" top: "accuracy"
  include { phase: TEST } }
"""

SOLVER = """
net: "net.prototxt"
base_lr: 0.1
momentum: 0.9
lr_policy: "fixed"
max_iter: 6
random_seed: 3
solver_mode: CPU
snapshot_after_train: false
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with net.prototxt and 24 rows of data."""
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file["x"] = rng.standard_normal((24, 5)).astype("f4")
        file["label"] = rng.integers(0, 3, 24).astype("f4")
    (tmp_path / "list.txt").write_text("rows.h5\n")
    (tmp_path / "net.prototxt").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path

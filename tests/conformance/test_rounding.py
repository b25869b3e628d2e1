"""Functions that are rounded once, so that they are Caffe's to the last bit nearly everywhere."""

import numpy as np
import pytest

import netdef


@pytest.mark.parametrize("case", ["exp", "log", "softmax"])
def test_nearly_all_bits_are_caffes(shared, case, monkeypatch):
    """Of NumPy's own float32 functions a quarter to two fifths of the results are others."""
    monkeypatch.setenv("NETDEF_ENGINE", "numpy")
    folder = shared / "goldens" / "layers"
    with np.load(folder / f"{case}.npz") as file:
        x, y = file["in/in0"], file["top/out"]
    net = netdef.Net(str(folder / f"{case}.prototxt"), netdef.TRAIN)
    net.blobs["in0"].data[...] = x
    net.forward()
    assert (net.blobs["out"].data != y).mean() < 0.02

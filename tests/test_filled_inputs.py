"""What a user puts in an input blob reaches the layers, in place or not."""

import numpy as np
import pytest

import netdef
from netdef.net import Net
from netdef.prototxt import parse_net

NET = """
layer { name: "in" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 } } }
layer { name: "double" type: "Power" bottom: "data" top: "data" power_param { scale: 2 } }
layer { name: "sum" type: "InnerProduct" bottom: "data" top: "y" inner_product_param {
  num_output: 1 weight_filler { value: 1 } } }
"""


@pytest.mark.parametrize("keep", ["blobs", "outputs"])
def test_a_layer_in_place_reads_what_was_put_in(keep):
    net = Net(parse_net(NET, "net.prototxt"), netdef.TEST, keep=keep)
    assert net.forward(data=np.array([[1, 2, 3]], "f"))["y"].item() == 12
    net.blobs["data"].data[...] = 1
    assert net.forward()["y"].item() == 6
    net.blobs["data"].reshape(2, 3)
    assert net.forward(data=np.ones((2, 3), "f"))["y"].ravel().tolist() == [6, 6]

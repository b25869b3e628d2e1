import numpy as np
import pytest

import netdef
from netdef.errors import ShapeError
from netdef.net import Net
from netdef.prototxt import parse_net

NET = """
force_backward: true
layer { name: "in" type: "Input" top: "x" top: "keep"
        input_param { shape { dim: 5 dim: 3 } shape { dim: 5 } } }
layer { name: "double" type: "Scale" bottom: "x" top: "x2"
        scale_param { filter_placeholder } }
layer { name: "filter" type: "Filter" bottom: "x2" bottom: "keep" top: "chosen" }
layer { name: "ip" type: "InnerProduct" bottom: "chosen" top: "y"
        inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
""".replace("scale_param { filter_placeholder }", "scale_param { filler { value: 2 } }")


@pytest.fixture(params=["blobs", "outputs"])
def net(request):
    return Net(parse_net(NET, "net.prototxt"), netdef.TRAIN, keep=request.param, seed=3)


@pytest.mark.parametrize("keep", [[1, 0, 0, 1, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0], [0] * 5])
def test_layers_above_follow_the_number_of_items(net, keep):
    x = np.arange(15, dtype="f").reshape(5, 3)
    for chosen in (keep, [1, 1, 0, 0, 0], keep):  # sizes change from pass to pass and back
        net.forward(x=x, keep=np.array(chosen, "f"))
    rows = np.flatnonzero(keep)
    weight, bias = (p.data for p in net.params["ip"])
    assert net.blobs["y"].data.shape == (len(rows), 2)
    np.testing.assert_allclose(net.blobs["y"].data, 2 * x[rows] @ weight.T + bias, rtol=1e-6)


def test_inputs_of_another_size_forget_what_was_chosen_before():
    net = Net(
        parse_net(
            """
layer { name: "in" type: "Input" top: "x" top: "keep"
        input_param { shape { dim: 5 dim: 1 dim: 3 dim: 3 } shape { dim: 5 } } }
layer { name: "filter" type: "Filter" bottom: "x" bottom: "keep" top: "chosen" }
layer { name: "pool" type: "Pooling" bottom: "chosen" top: "y"
        pooling_param { pool: AVE kernel_size: 3 stride: 3 } }
""",
            "net.prototxt",
        ),
        netdef.TEST,
    )
    net.forward(x=np.ones((5, 1, 3, 3)), keep=np.array([1, 0, 0, 1, 0]))
    assert net.blobs["y"].data.shape == (2, 1, 1, 1)
    net.blobs["x"].reshape(5, 1, 6, 6)
    assert net.blobs["chosen"].shape == (5, 1, 6, 6)
    net.forward(x=np.ones((5, 1, 6, 6)), keep=np.array([1, 0, 1, 1, 0]))
    assert net.blobs["y"].data.shape == (3, 1, 2, 2)


def test_gradients_go_back_to_the_items_that_were_chosen(net):
    x = np.arange(15, dtype="f").reshape(5, 3)
    net.forward(x=x, keep=np.array([0, 1, 0, 1, 0], "f"))
    dy = np.array([[1, 2], [3, 4]], "f")
    net.blobs["y"].diff[...] = dy
    net.backward()
    weight = net.params["ip"][0]
    np.testing.assert_allclose(weight.diff, dy.T @ (2 * x[[1, 3]]), rtol=1e-6)
    expected = np.zeros((5, 3), "f")
    expected[[1, 3]] = dy @ weight.data
    scale = net.params["double"][0]
    np.testing.assert_allclose(scale.diff, (expected * x).sum(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            'layer { name: "in" type: "Input" top: "x" top: "s"'
            " input_param { shape { dim: 4 dim: 2 } shape { dim: 3 } } }\n"
            'layer { name: "f" type: "Filter" bottom: "x" bottom: "s" top: "y" }',
            "net.prototxt:2: layer 'f' (Filter): bottom 0 has 4 items, the selector 3",
        ),
        (
            'layer { name: "in" type: "Input" top: "x" top: "s"'
            " input_param { shape { dim: 4 dim: 2 } } }\n"
            'layer { name: "f" type: "Filter" bottom: "x" bottom: "s" top: "y" }',
            "net.prototxt:2: layer 'f' (Filter): the selector (4, 2) must have one number for"
            " each item",
        ),
        (
            'layer { name: "in" type: "Input" top: "x" top: "s"'
            " input_param { shape { dim: 4 dim: 2 } shape { dim: 4 } } }\n"
            'layer { name: "f" type: "Filter" bottom: "x" bottom: "s" top: "y" top: "z" }',
            "net.prototxt:2: layer 'f' (Filter): makes one top of each bottom but the last,"
            " got 2 tops",
        ),
    ],
)
def test_what_is_refused(layers, message):
    with pytest.raises(ShapeError) as caught:
        Net(parse_net(layers, "net.prototxt"), netdef.TEST)
    assert str(caught.value) == message

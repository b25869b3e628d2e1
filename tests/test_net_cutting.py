"""Nets cut down to what makes some blobs."""

import numpy as np
import pytest

from netdef.errors import ConfigError
from netdef.net import Net
from netdef.net_cutting import cut_to
from netdef.proto import TEST
from netdef.prototxt import parse_net

from .painting import DEPLOY

ASIDE = """layer { name: "aside" type: "InnerProduct" bottom: "conv1" top: "aside"
  inner_product_param { num_output: 2 } }
layer { name: "trained" type: "ReLU" bottom: "conv1" top: "trained" include { phase: TRAIN } }
"""


def cut(*blobs):
    return cut_to(parse_net(DEPLOY + ASIDE, "d.prototxt"), blobs)


@pytest.mark.parametrize(
    ("blobs", "layers"),
    [
        (["fc2"], ["data", "conv1", "relu1", "pool1", "fc2"]),
        (["conv1"], ["data", "conv1", "relu1"]),
        (["pool1", "conv1"], ["data", "conv1", "relu1", "pool1", "conv1_kept"]),
        (["aside", "data"], ["data", "conv1", "relu1", "aside"]),
    ],
)
def test_what_is_left(blobs, layers):
    assert [layer.name for layer in cut(*blobs).net.layer if layer.name] == layers


def test_what_is_kept_is_what_the_whole_net_has():
    whole = Net(parse_net(DEPLOY + ASIDE, "d.prototxt"), TEST, seed=3)
    part = Net(cut("conv1", "fc2", "pool1"), TEST, seed=3, keep="outputs")
    for name, blobs in part.params.items():
        for mine, theirs in zip(blobs, whole.params[name], strict=True):
            mine.data[...] = theirs.data
    data = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)
    whole.forward(data=data)
    part.forward(data=data)
    for name, kept in (("conv1", "conv1_kept"), ("fc2", "fc2"), ("pool1", "pool1_kept")):
        np.testing.assert_allclose(part.blobs[kept].data, whole.blobs[name].data, rtol=1e-5)


@pytest.mark.parametrize("name", ["fc3", "trained"])
def test_a_blob_that_is_not_there(name):
    with pytest.raises(ConfigError, match=rf"^d.prototxt: no blob '{name}'"):
        cut(name)

"""What a net of the zoo brings along for pictures."""

import shutil

import pytest

from netdef.errors import ConfigError, MissingFile
from netdef.model_zoo import nets
from netdef.model_zoo.cache import place_for_writing
from netdef.model_zoo.deploying import deployment
from netdef.preprocessing import Preprocessing


def test_a_net_of_the_package():
    found = deployment("lenet")
    assert found.net == nets.folder("lenet") / "deploy.prototxt"
    assert found.weights == nets.packaged_weights("lenet")
    assert found.labels == list("0123456789")
    assert found.preprocessing == Preprocessing((28, 28), 28, (0,), 0.00390625)


def test_another_prototxt_of_it():
    found = deployment("lenet/train_val")
    assert found.net == nets.folder("lenet") / "train_val.prototxt"
    assert found.weights == nets.packaged_weights("lenet")


@pytest.mark.parametrize("name", ["mobilenet_v1", "squeezenet_v1.1"])
def test_weights_that_were_fetched(name):
    place_for_writing(name).write_bytes(b"x")
    found = deployment(name)
    assert len(found.labels) == 1000
    assert found.preprocessing.resize == 256
    assert found.preprocessing.channel_order == "bgr"
    assert found.preprocessing.scale == (0.017 if name == "mobilenet_v1" else 1)


def test_weights_of_the_user_s_for_a_net_are_prepared_for_as_the_published_ones():
    place_for_writing("alexnet").write_bytes(b"x")
    assert deployment("alexnet").preprocessing == Preprocessing((227, 227), 256, (104, 117, 123))


def test_nobody_knows_how():
    shutil.copy(nets.packaged_weights("lenet"), place_for_writing("resnet18"))
    assert deployment("resnet18").preprocessing is None
    assert deployment("resnet18").labels == []


def test_weights_that_are_not_here_yet():
    with pytest.raises(MissingFile, match="netdef zoo fetch squeezenet_v1.1 downloads them"):
        deployment("squeezenet_v1.1")


def test_weights_for_no_net():
    place_for_writing("age_net").write_bytes(b"x")
    with pytest.raises(ConfigError) as caught:
        deployment("age_net")
    assert str(caught.value) == (
        "the zoo has no net for the weights 'age_net'; give its prototxt to --model and"
        " zoo:age_net to --weights"
    )

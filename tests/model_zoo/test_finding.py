"""``zoo:NAME`` in the place of a path."""

import pytest

import netdef
from netdef.errors import ConfigError, MissingFile, UnknownType
from netdef.model_zoo import finding, nets
from netdef.model_zoo.cache import place_for_writing
from netdef.solvers.nets import find_net
from netdef.zoo_names import found_file


def test_a_path_is_left_as_it_is():
    assert found_file("zoo/lenet.prototxt", "model") == "zoo/lenet.prototxt"


def test_a_net_and_the_same_for_training():
    assert found_file("zoo:lenet", "model") == nets.folder("lenet") / "deploy.prototxt"
    assert finding.model("lenet/train_val") == nets.folder("lenet") / "train_val.prototxt"


def test_net_takes_names_of_the_zoo():
    net = netdef.Net("zoo:lenet", netdef.TEST, weights="zoo:lenet")
    assert net.name == "lenet"
    assert net.blobs["data"].shape == (1, 1, 28, 28)


def test_a_net_that_is_not_there():
    with pytest.raises(UnknownType) as raised:
        netdef.Net("zoo:lennet", netdef.TEST)
    assert str(raised.value) == "no net of the zoo 'lennet'; did you mean 'lenet'?"


def test_a_form_that_is_not_there():
    with pytest.raises(ConfigError) as raised:
        finding.model("ssd300/train_val")
    assert str(raised.value) == (
        "net 'ssd300' of the zoo has no 'train_val'; it has zoo:ssd300/deploy"
    )


def test_weights_that_were_fetched_go_by_their_name_and_their_net():
    path = place_for_writing("bvlc_alexnet")
    path.write_bytes(b"x")
    assert finding.weights("bvlc_alexnet") == finding.weights("alexnet") == path


def test_imported_weights_go_before_those_of_the_package():
    packaged = finding.weights("lenet")
    assert packaged == nets.packaged_weights("lenet")
    path = place_for_writing("lenet")
    path.write_bytes(b"x")
    assert finding.weights("lenet") == path


def test_weights_that_are_not_here_yet(home):
    with pytest.raises(MissingFile) as raised:
        finding.weights("alexnet")
    assert str(raised.value) == (
        f"the weights 'bvlc_alexnet' are not in {home}; netdef zoo fetch bvlc_alexnet downloads"
        " them from http://dl.caffe.berkeleyvision.org/bvlc_alexnet.caffemodel, and netdef zoo"
        " import FILE takes a file in"
    )


def test_weights_that_nobody_published():
    with pytest.raises(MissingFile) as raised:
        finding.weights("resnet18")
    assert str(raised.value) == (
        "the zoo knows of no published weights for 'resnet18'; netdef zoo import FILE takes a"
        " file in"
    )
    with pytest.raises(UnknownType) as unknown:
        finding.weights("resnet19")
    assert str(unknown.value) == (
        "no net or weights of the zoo 'resnet19'; did you mean 'resnet18'?"
    )


def test_a_solver_may_name_a_net_of_the_zoo():
    assert find_net("zoo:lenet/train_val", "solver.prototxt").net.name == "lenet"
    with pytest.raises(UnknownType) as raised:
        find_net("zoo:lennet", "solver.prototxt")
    assert str(raised.value) == "no net of the zoo 'lennet'; did you mean 'lenet'?"

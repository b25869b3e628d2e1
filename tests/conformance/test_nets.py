"""Whole nets with published weights give the scores that Caffe gave for the same pictures."""

import glob

import pytest

import netdef
from netdef.errors import UnknownType
from tests.conformance.recordings import GOLDENS, checker, missing_types, net_names

PROTOTXTS = {
    "squeezenet_v1.1": "squeezenet_v1.1/deploy.prototxt",
    "mtcnn_det1": "mtcnn/det1.prototxt",
    "mtcnn_det2": "mtcnn/det2.prototxt",
}


@pytest.fixture
def models(shared):
    return shared / "data" / "models"


def test_every_recording_is_a_case(shared):
    assert net_names() == sorted(PROTOTXTS)


@pytest.mark.parametrize("name", PROTOTXTS)
def test_net(models, name):
    missing = missing_types(models / PROTOTXTS[name])
    if not missing:
        assert checker().check_net(netdef, str(GOLDENS / "nets"), name, str(models)) == []
        return
    with pytest.raises(UnknownType) as caught:
        checker().check_net(netdef, str(GOLDENS / "nets"), name, str(models))
    assert any(f": no layer type {kind!r}" in str(caught.value) for kind in missing)


WEIGHTS = {
    "lenet/lenet_deploy.prototxt": "lenet/lenet_iter_10000.caffemodel",
    "lenet/v1era_lenet.prototxt": "lenet/v1era_lenet_iter_10000.caffemodel",
    "cifar10_h5/cifar10_quick.prototxt": "cifar10_h5/cifar10_quick_iter_5000.caffemodel.h5",
    "cifar10_h5/cifar10_full.prototxt": "cifar10_h5/cifar10_full_iter_60000.caffemodel.h5",
    "cifar10_v1era/cifar10_quick.prototxt": "cifar10_v1era/cifar10_quick_iter_5000.caffemodel",
    "squeezenet_v1.1/deploy.prototxt": "squeezenet_v1.1/*.caffemodel",
}


@pytest.mark.parametrize("prototxt", WEIGHTS)
def test_published_weights_fit_their_nets(models, prototxt):
    weights = glob.glob(str(models / WEIGHTS[prototxt]))[0]
    net = netdef.Net(str(models / prototxt), netdef.TEST)
    report = net.copy_from(weights)
    assert set(report.loaded) == set(net.params) and not report.kept
    scores = net.forward()[net.outputs[-1]]
    assert scores.reshape(len(scores), -1).sum(axis=1) == pytest.approx(1, abs=1e-4)

"""Every net plans, and has the published number of weights, outputs and multiply-adds."""

import math
from pathlib import Path

import numpy as np
import pytest

from netdef.counting import multiply_adds
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.graph import build
from netdef.infer import infer
from netdef.io.blobs import write_blob
from netdef.model_zoo import nets
from netdef.proto import TEST, TRAIN
from netdef.prototxt import read_net
from netdef.record import record

CLASSES, PIXELS = (1, 1000), (1, 1000, 1, 1)
PUBLISHED = {
    # Krizhevsky et al. 2012: 60 million; the exact number of both: Caffe's weights (244 MB).
    "alexnet": (60_965_224, CLASSES),
    "caffenet": (60_965_224, CLASSES),
    # Hinton 2006: 784-1000-500-250-30 and back, all with biases.
    "autoencoder_mnist": (2_837_314, (1, 784)),
    # By hand: 65 characters to 64 numbers, an LSTM of 256, 65 scores.
    "char_lstm": (65 * 64 + 4 * 256 * (64 + 256 + 1) + 65 * 257, (1, 1, 65)),
    # Caffe's CIFAR-10 and MNIST examples: the sizes of their weights.
    "cifar10_full": (89_578, (1, 10)),
    "cifar10_quick": (145_578, (1, 10)),
    "lenet": (431_080, (1, 10)),
    # LeNet without its classifier's meaning, and 10 x 2 weights and 2 biases more.
    "siamese_mnist": (431_080 + 22, (1, 2)),
    # torchvision's page of models, "num_params".
    "densenet121": (7_978_856, PIXELS),
    "resnet18": (11_689_512, CLASSES),
    "resnet34": (21_797_672, CLASSES),
    "resnet101": (44_549_160, CLASSES),
    "resnet152": (60_192_808, CLASSES),
    "resnet50": (25_557_032, CLASSES),
    "mobilenet_v2": (3_504_872, CLASSES),
    "squeezenet_v1.0": (1_248_424, PIXELS),
    "squeezenet_v1.1": (1_235_496, PIXELS),
    "vgg16": (138_357_544, CLASSES),
    "vgg19": (143_667_240, CLASSES),
    # torchvision counts 27,161,264 with the auxiliary classifier: below.
    "inception_v3": (23_834_568, CLASSES),
    # Long et al. 2015, table 1: 134 million for FCN-VGG16.
    "fcn32s": (134_346_581, (1, 21, 500, 500)),
    "fcn8s": (134_346_581 + 257 * 21 + 513 * 21, (1, 21, 500, 500)),
    # Caffe's googlenet for use: 6.998 million (its weights for training hold 13.4).
    "googlenet": (6_998_552, CLASSES),
    # Keras' page of MobileNet: 4,231,976 trainable; Howard et al. 2017, table 8: 4.2 million.
    "mobilenet_v1": (4_231_976, PIXELS),
    # Caffe's model zoo, NIN: 29 MB, 7.6 million.
    "nin": (7_595_176, PIXELS),
    # Hu et al. 2017, section 4: 10 % more than ResNet-50, 2.53 million: sum of 2 C^2 / 16
    # over the blocks, here with biases.
    "se_resnet50": (28_088_024, CLASSES),
    # Paszke et al. 2016 (ENet), table IV: SegNet has 29.46 million, with 12 classes.
    "segnet": (29_449_355, (1, 11, 360, 480)),
    # Published by number of multiply-adds: below.
    "shufflenet": (1_865_728, CLASSES),
    # ssd.pytorch's and others' count for VOC's 21 classes; Liu et al. 2016: 8732 boxes (below).
    "ssd300": (26_285_486, (1, 1, 200, 7)),
    # Ronneberger et al. 2015, figure 1: 388 x 388 pixels of 2 classes; 31.03 million.
    "unet": (31_030_658, (1, 2, 388, 388)),
}
MULTIPLY_ADDS = {
    # He et al. 2015, table 1: 1.8, 3.6, 3.8, 7.6 and 11.3 thousand million.
    "resnet18": 1.8e9,
    "resnet34": 3.66e9,
    "resnet50": 3.86e9,
    "resnet101": 7.57e9,
    "resnet152": 11.3e9,
    # Howard et al. 2017, table 8; Sandler et al. 2018, table 4; Zhang et al. 2017, table 1.
    "mobilenet_v1": 569e6,
    "mobilenet_v2": 300e6,
    "shufflenet": 137e6,
    # Szegedy et al. 2014: 1.5; 2015: "around 5"; Huang et al. 2016: half of ResNet-50's and more.
    "googlenet": 1.58e9,
    "inception_v3": 5.7e9,
    "densenet121": 2.83e9,
    # Simonyan and Zisserman's nets: 15.5 and 19.6.
    "vgg16": 15.5e9,
    "vgg19": 19.6e9,
}
TRAINED = [name for name in PUBLISHED if name != "ssd300"]


def planned(name, phase=TEST):
    graph = build(read_net(nets.prototxt(name)), phase)
    return graph, infer(graph)


def learned(shapes):
    return sum(math.prod(p.weight.shape) for p in shapes.owners if p.is_learned)


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_has_the_published_number_of_weights_and_outputs(name):
    graph, shapes = planned(name)
    assert learned(shapes) == PUBLISHED[name][0]
    assert [shapes.blobs[graph.id_of(o)] for o in graph.outputs] == [PUBLISHED[name][1]]


def test_every_net_has_its_numbers():
    assert sorted(PUBLISHED) == nets.names()


@pytest.mark.parametrize("name", MULTIPLY_ADDS)
def test_a_pass_takes_the_published_multiply_adds(name):
    graph, shapes = planned(name)
    calls = record(graph, shapes, backward=False).forward
    assert sum(map(multiply_adds, calls)) == pytest.approx(MULTIPLY_ADDS[name], rel=0.01)


def test_ssd_has_8732_boxes():
    graph, shapes = planned("ssd300")
    assert shapes.blobs[graph.id_of("mbox_priorbox")] == (1, 2, 8732 * 4)
    assert shapes.blobs[graph.id_of("mbox_conf_flatten")] == (1, 8732 * 21)


@pytest.fixture(scope="module")
def databases(tmp_path_factory) -> Path:
    """A folder with an image in each database that the nets read."""
    folder = tmp_path_factory.mktemp("databases")
    shapes = {
        "mnist/mnist": (1, 28, 28),
        "cifar10/cifar10": (3, 32, 32),
        "imagenet/imagenet": (3, 320, 320),
        "voc/voc": (3, 500, 500),
        "voc/voc_labels": (1, 500, 500),
        "camvid/camvid": (3, 360, 480),
        "camvid/camvid_labels": (1, 360, 480),
        "cells/cells": (1, 572, 572),
        "cells/cells_labels": (1, 388, 388),
    }
    for name, shape in shapes.items():
        for part in ("train", "test"):
            path = folder / "examples" / f"{name}_{part}_lmdb"
            path.parent.mkdir(parents=True, exist_ok=True)
            with LmdbWriter(path) as database:
                database.put(b"0", encode(np.zeros(shape, np.uint8), 0, says_encoded=False))
    mean = folder / "examples" / "cifar10" / "mean.binaryproto"
    write_blob(mean, np.zeros((1, 3, 32, 32), np.float32))
    return folder


@pytest.mark.parametrize("name", [n for n in TRAINED if n != "char_lstm"])
def test_the_net_for_training_has_a_loss_and_the_weights_of_the_other(name, databases, monkeypatch):
    monkeypatch.chdir(databases)
    _, deployed = planned(name)
    for phase in (TRAIN, TEST):
        graph, shapes = planned(f"{name}/train_val", phase)
        assert any(sum(n.loss_weights) for n in graph.nodes)
        weights = {p.key: p.weight.shape for p in shapes.owners}
        assert {p.key: p.weight.shape for p in deployed.owners}.items() <= weights.items()


def test_auxiliary_classifiers_are_there_for_training(databases, monkeypatch):
    monkeypatch.chdir(databases)
    assert learned(planned("googlenet/train_val", TRAIN)[1]) == 13_378_280
    assert learned(planned("inception_v3/train_val", TRAIN)[1]) == 27_161_264

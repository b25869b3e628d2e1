"""Answers that are counted by class."""

import numpy as np
import pytest

from netdef.class_test import ClassTest, answers_of, confusion_of
from netdef.classifier import Classifier
from netdef.errors import ConfigError, DataError
from netdef.net import Net
from netdef.pictures import open_pictures
from netdef.preprocessing import Preprocessing
from netdef.proto import TEST
from netdef.prototxt import parse_net

from .painting import DEPLOY, paint_classes

INPUTS = """layer { name: "in" type: "Input" top: "scores" top: "label"
  input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
"""
ACCURACY = 'layer { name: "a" type: "Accuracy" bottom: "scores" bottom: "label" top: "a" }\n'
SCORES = np.array([[3, 1, 2], [0, 5, 1], [2, 2, 0], [1, 2, 3]], np.float32)


def net_of(text):
    return Net(parse_net(text, "n.prototxt"), TEST)


def counted(net, labels, scores=SCORES, **options):
    test = ClassTest(net, **options)
    net.forward(scores=scores, label=np.array(labels, np.float32).reshape(net.blobs["label"].shape))
    test.count()
    return test


def test_answers_are_counted_by_label():
    test = counted(net_of(INPUTS + ACCURACY), [0, 1, 2, 0], names=["a", "b", "c"])
    assert test.confusion.matrix.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert (test.labels, test.confusion.classes) == (4, ["a", "b", "c"])


@pytest.mark.parametrize("labels", [[0, 1, 2, 0], [2, 2, 1, 1], [1, 0, 0, 2]])
def test_top_k_is_what_accuracy_layers_say(labels):
    more = ACCURACY.replace('"a"', '"b"').replace("}\n", "accuracy_param { top_k: 2 } }\n")
    net = net_of(INPUTS + ACCURACY + more)
    test = counted(net, labels, top=[1, 2, 3])
    assert test.top() == {
        1: pytest.approx(float(net.blobs["a"].data)),
        2: pytest.approx(float(net.blobs["b"].data)),
        3: pytest.approx(1),
    }


def test_several_batches_add_up():
    net = net_of(INPUTS + ACCURACY)
    test = counted(net, [0, 0, 0, 0], top=[1])
    net.forward(label=np.array([1, 1, 1, 1], np.float32))
    test.count()
    assert test.confusion.matrix.tolist() == [[2, 1, 1], [2, 1, 1], [0, 0, 0]]
    assert test.labels == 8


def test_places_count_each_and_those_to_ignore_do_not():
    text = """layer { name: "in" type: "Input" top: "scores" top: "label"
      input_param { shape { dim: 1 dim: 3 dim: 2 dim: 2 } shape { dim: 1 dim: 1 dim: 2 dim: 2 } } }
    layer { name: "l" type: "SoftmaxWithLoss" bottom: "scores" bottom: "label" top: "l"
      loss_param { ignore_label: 255 } }"""
    scores = SCORES.T.reshape(1, 3, 2, 2)
    test = counted(net_of(text), [0, 255, 2, 2], scores)
    assert test.confusion.matrix.tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 1]]


def test_a_label_that_is_no_class():
    net = net_of(INPUTS + ACCURACY)
    net.blobs["label"].data[...] = [0, 1, 3, 0]
    with pytest.raises(DataError) as caught:
        ClassTest(net).count()
    assert str(caught.value) == "label 3 is none of the 3 classes"


def test_the_last_accuracy_is_taken_else_the_last_loss():
    loss = 'layer { name: "l" type: "SoftmaxWithLoss" bottom: "other" bottom: "label" top: "l" }\n'
    power = 'layer { name: "p" type: "Power" bottom: "scores" top: "other" }\n'
    first = ACCURACY.replace('"a"', '"first"').replace('"scores"', '"other"')
    for text, wanted in (
        (power + loss, "other"),
        (power + loss + ACCURACY, "scores"),
        (power + first + ACCURACY, "scores"),
    ):
        assert answers_of(net_of(INPUTS + text).graph, "n").scores == wanted


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "", {},
            "n.prototxt: no layer of the phase TEST is an Accuracy or a SoftmaxWithLoss, so what is"
            " right is not known; add one to count classes",
        ),
        (ACCURACY, {"names": ["a", "b"]}, "2 names of classes for a net of 3 classes"),
        (ACCURACY, {"top": [1, 4]}, "top 4 of only 3 classes"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted(text, options, message):
    with pytest.raises(ConfigError) as caught:
        ClassTest(net_of(INPUTS + text), **options)
    assert str(caught.value) == message


def test_a_classifier_answers_to_each_picture_once(tmp_path):
    net = Net(
        parse_net(DEPLOY.replace("num_output: 7", "num_output: 3"), "d.prototxt"), TEST, seed=3
    )
    classifier = Classifier(net, Preprocessing((8, 8), (8, 8)), ["blue", "green", "red"])
    pictures = open_pictures([str(paint_classes(tmp_path / "p", 3))])
    found = confusion_of(classifier, pictures, 4)
    assert found.classes == ["blue", "green", "red"]
    assert found.matrix.sum(1).tolist() == [3, 3, 3]
    answers = [int(classifier.scores(pictures.read(i, 1, True)).argmax()) for i in range(9)]
    assert found.matrix.sum(0).tolist() == [answers.count(i) for i in range(3)]
    with pytest.raises(DataError) as caught:
        confusion_of(classifier, open_pictures([str(tmp_path / "p" / "red")]), 4)
    assert str(caught.value) == "0.png: has no class, so what is right is not known"

import numpy as np
import pytest

import netdef
from netdef.layer import LAYERS
from netdef.net import Net
from netdef.prototxt import parse_net
from netdef.shape import Shape
from tests.refusal import layer_refusal

DetectionOutput = LAYERS["DetectionOutput"]
PRIOR = np.array([[[0, 0, 0.2, 0.2, 0.5, 0.5, 0.8, 0.8], [0.1] * 8]], "f")
NET = """
layer { name: "in" type: "Input" top: "location" top: "score" top: "prior" input_param {
  shape { dim: 2 dim: 8 } shape { dim: 2 dim: 4 } shape { dim: 1 dim: 2 dim: 8 } } }
layer { name: "list" type: "DetectionOutput" bottom: "location" bottom: "score" bottom: "prior"
  top: "y" detection_output_param { num_classes: 2 confidence_threshold: 0.5
    nms_param { nms_threshold: 0.45 top_k: 400 } code_type: CENTER_SIZE keep_top_k: 200
    save_output_param { output_directory: "never_made" output_format: "VOC" } } }
layer { name: "double" type: "Power" bottom: "y" top: "z" power_param { scale: 2 } }
"""


def test_the_list_is_as_long_as_there_are_detections():
    net = Net(parse_net(NET, "net.prototxt"), netdef.TEST)
    location = np.zeros((2, 8), "f")
    first = [0, 1, 0.9, 0, 0, 0.2, 0.2]
    second = [0, 1, 0.7, 0.5, 0.5, 0.8, 0.8]
    third = [1, 1, 0.8, 0.5, 0.5, 0.8, 0.8]
    low, none = [1, 0, 1, 0], [[0, *[-1] * 6], [1, *[-1] * 6]]
    for scores, want in [
        ([[0.1, 0.9, 0.3, 0.7], [1, 0, 0.2, 0.8]], [first, second, third]),
        ([low, low], none),
        ([[0.1, 0.9, 1, 0], low], [first]),
        ([low, [1, 0, 0.2, 0.8]], [third]),
    ]:
        net.forward(location=location, score=np.array(scores, "f"), prior=PRIOR)
        assert net.blobs["y"].data.shape == (1, 1, len(want), 7)
        np.testing.assert_allclose(net.blobs["y"].data[0, 0], want, atol=1e-6)
        np.testing.assert_allclose(net.blobs["z"].data[0, 0], 2 * np.array(want), atol=1e-6)


def test_variances_may_be_in_the_locations_already():
    location, score = np.full((1, 8), 0.01, "f"), np.array([[0, 1, 1, 0]], "f")
    fields = dict(num_classes=2, confidence_threshold=0.5)
    plain = DetectionOutput(**fields).detect(10 * location, score, PRIOR)
    encoded = DetectionOutput(variance_encoded_in_target=True, **fields)
    np.testing.assert_allclose(encoded.detect(location, score, PRIOR), plain, rtol=1e-6)


def test_locations_of_each_class():
    location = np.arange(16, dtype="f").reshape(1, 16) / 10
    score = np.array([[0, 1, 0, 1]], "f")
    layer = DetectionOutput(num_classes=2, share_location=False, confidence_threshold=0.5)
    found = layer.detect(location, score, PRIOR)[0, 0]
    boxes = PRIOR[0, 0].reshape(2, 4) + 0.1 * location.reshape(2, 2, 4)[:, 1]
    np.testing.assert_allclose(found[:, 3:], boxes[: len(found)], rtol=1e-5)


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ({}, 4),
        (dict(background_label_id=-1), 6),
        (dict(keep_top_k=1), 1),
        (dict(keep_top_k=100), 4),
        (dict(keep_top_k=0), 1),
    ],
)
def test_the_longest_list(fields, rows):
    layer = DetectionOutput(num_classes=3, **fields)
    bottoms = [Shape((5, 8)), Shape((5, 6)), Shape((1, 2, 8))]
    assert layer.infer(*bottoms).tops == [(1, 1, 5 * rows, 7)]


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("", [(1, 8), (1, 4), (1, 2, 8)], "detection_output_param must set num_classes"),
        (
            "num_classes: 2 background_label_id: 2",
            [(1, 8), (1, 4), (1, 2, 8)],
            "background_label_id 2 is none of the 2 classes 0 to 1",
        ),
        (
            "num_classes: 2 nms_param { eta: 0 }",
            [(1, 8), (1, 4), (1, 2, 8)],
            "nms_threshold must be at least 0, and eta more than 0 and at most 1",
        ),
        (
            "num_classes: 2",
            [(1, 8), (1, 4), (1, 8)],
            "its third bottom (1, 8) is not (1, 2, P 4), as PriorBox makes it",
        ),
        (
            "num_classes: 2 share_location: false",
            [(1, 8), (1, 4), (1, 2, 8)],
            "2 prior boxes need locations of 16 numbers, but the first bottom is (1, 8)",
        ),
        (
            "num_classes: 2",
            [(1, 8), (1, 6), (1, 2, 8)],
            "2 prior boxes need 4 scores of 2 classes, but the second bottom is (1, 6)",
        ),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "DetectionOutput" top: "y" detection_output_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(DetectionOutput): {message}"

import math

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.refusal import layer_refusal

PriorBox = LAYERS["PriorBox"]
LAYER, IMAGE = (2, 4, 2, 3), (2, 3, 100, 150)


def boxes(**fields):
    y = Trial(PriorBox(**fields), LAYER, IMAGE, dtype="float32").forward()[0]
    return y[0, 0].reshape(2, 3, -1, 4), y[0, 1].reshape(-1, 4)


def box(x, y, width, height):
    """Return a box around a centre, in parts of the image."""
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return [c / side for c, side in zip(corners, (150, 100, 150, 100), strict=True)]


def test_one_box_for_each_size_and_aspect():
    fields = dict(min_size=(30.0, 40.0), max_size=(60.0, 90.0), aspect_ratio=(2.0,))
    found, variances = boxes(**fields)
    signature = PriorBox(**fields).infer(Shape(LAYER), Shape(IMAGE))
    assert signature.tops == [(1, 2, 2 * 3 * 8 * 4)]
    wide, high = math.sqrt(2), math.sqrt(0.5)
    sides = []
    for low, top in ((30, 60), (40, 90)):
        middle = math.sqrt(low * top)
        sides += [(low, low), (middle, middle), (low * wide, low * high), (low * high, low * wide)]
    for i, j in np.ndindex(2, 3):
        centre = (25 + 50 * j, 25 + 50 * i)
        want = [box(*centre, *each) for each in sides]
        np.testing.assert_allclose(found[i, j], want, rtol=1e-5)
    np.testing.assert_allclose(variances, 0.1)


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 1),
        (dict(aspect_ratio=(2.0, 3.0)), 5),
        (dict(aspect_ratio=(2.0, 3.0), flip=False), 3),
        (dict(aspect_ratio=(1.0, 2.0, 0.5)), 3),
        (dict(aspect_ratio=(2.0, 2.0), flip=False, max_size=(60.0,)), 3),
    ],
)
def test_an_aspect_counts_once(fields, count):
    assert boxes(min_size=(30.0,), **fields)[0].shape == (2, 3, count, 4)


@pytest.mark.parametrize(
    ("fields", "centre"),
    [
        (dict(step=8.0), (12, 12)),
        (dict(step_h=4.0, step_w=8.0), (12, 6)),
        (dict(step=8.0, offset=0.0), (8, 8)),
        (dict(step=8.0, img_size=300), (6, 4)),
        (dict(step=8.0, img_h=200, img_w=300), (6, 6)),
    ],
)
def test_centres(fields, centre):
    low = boxes(min_size=(2.0,), **fields)[0][1, 1, 0]
    middle = (low[:2] + low[2:]) / 2 * (150, 100)
    np.testing.assert_allclose(middle, centre, rtol=1e-5)


def test_clip():
    found = boxes(min_size=(80.0,), clip=True)[0]
    assert (found.min(), found.max()) == (0, 1)
    assert boxes(min_size=(80.0,))[0].min() < 0


@pytest.mark.parametrize("variance", [(0.3,), (0.1, 0.2, 0.3, 0.4)])
def test_variances(variance):
    variances = boxes(min_size=(30.0,), variance=variance)[1]
    np.testing.assert_allclose(variances, np.broadcast_to(variance, (6, 4)), rtol=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "prior_box_param must set min_size"),
        ("min_size: 0", "min_size must be more than 0, got 0"),
        ("min_size: 3 max_size: 2", "max_size 2 must be larger than its min_size 3"),
        (
            "min_size: 3 min_size: 4 max_size: 5",
            "max_size has 1 values, min_size 2; give as many",
        ),
        ("min_size: 3 variance: 1 variance: 2", "variance has 2 values; give 1 or 4"),
        ("min_size: 3 img_h: 2", "give both img_h and img_w"),
        ("min_size: 3 step_w: 2", "give both step_h and step_w"),
        ("min_size: 3 step: 0", "step must be more than 0, got 0"),
        (
            "min_size: 3 img_size: 2 img_h: 2 img_w: 2",
            "give img_size or img_h and img_w, not both",
        ),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "PriorBox" top: "y" prior_box_param {{ {fields} }}'
    assert layer_refusal(layer, LAYER, IMAGE) == f"(PriorBox): {message}"


def test_bottoms_are_images():
    layer = 'type: "PriorBox" top: "y" prior_box_param { min_size: 3 }'
    assert layer_refusal(layer, LAYER, (2, 3)) == (
        "(PriorBox): bottoms (2, 4, 2, 3) and (2, 3) must have four axes (N, C, H, W)"
    )

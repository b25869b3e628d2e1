import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

LRN = LAYERS["LRN"]


@pytest.mark.parametrize("shape", [(2, 7, 3, 2), (1, 2, 3), (2, 3)])
@pytest.mark.parametrize("local_size", [1, 3, 5])
def test_across_channels(shape, local_size):
    layer = LRN(local_size=local_size, alpha=0.7, beta=0.75, k=2)
    assert layer.infer(Shape(shape)).tops == [shape]
    x = np.random.default_rng(0).standard_normal(shape)
    y = Trial.on(layer, x).forward()[0]
    reach = local_size // 2
    for c in range(shape[1]):
        near = x[:, max(0, c - reach) : c + reach + 1]
        scale = 2 + 0.7 / local_size * (near**2).sum(axis=1)
        np.testing.assert_allclose(y[:, c], x[:, c] / scale**0.75, rtol=1e-12)
    check_gradient(layer, shape)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 2, 2), (1, 2, 5)])
@pytest.mark.parametrize("local_size", [1, 3, 5])
def test_within_channel(shape, local_size):
    layer = LRN(local_size=local_size, alpha=0.7, beta=0.5, norm_region="WITHIN_CHANNEL", k=9)
    assert layer.infer(Shape(shape)).tops == [shape]
    x = np.random.default_rng(0).standard_normal(shape)
    y = Trial.on(layer, x).forward()[0]
    pad = local_size // 2
    for at in np.ndindex(shape):
        near = tuple(slice(max(0, i - pad), i + pad + 1) for i in at[2:])
        # The window always lies in the padded image, so that Caffe's mean divides by all of it.
        mean = (x[(*at[:2], *near)] ** 2).sum() / local_size ** len(near)
        assert y[at] == pytest.approx(x[at] / (1 + 0.7 * mean) ** 0.5)
    check_gradient(layer, shape)


def test_defaults_are_those_of_caffe():
    x = np.array([[[[2.0]], [[1.0]]]])
    y = Trial.on(LRN(), x).forward()[0]
    np.testing.assert_allclose(y, x / (1 + 1 / 5 * 5) ** 0.75)


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ("local_size: 4", (2, 3, 4, 4), "local_size must be odd, got 4"),
        ("local_size: 0", (2, 3, 4, 4), "local_size must be at least 1, got 0"),
        ("", (3,), "axis 2 is not one of the 1 axes of (3,)"),
        (
            "norm_region: WITHIN_CHANNEL",
            (2, 3),
            "a bottom of shape (2, 3) has no spatial axes for norm_region: WITHIN_CHANNEL",
        ),
    ],
)
def test_what_is_refused(fields, shape, message):
    layer = f'type: "LRN" top: "y" lrn_param {{ {fields} }}'
    assert layer_refusal(layer, shape) == f"(LRN): {message}"

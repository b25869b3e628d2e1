import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

MVN = LAYERS["MVN"]


@pytest.mark.parametrize("normalizes", [True, False])
@pytest.mark.parametrize("is_across", [True, False])
@pytest.mark.parametrize("eps", [1e-9, 0.5])
@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (2, 3, 5), (2, 2, 2, 3, 2)])
def test_shapes_forward_and_gradient(normalizes, is_across, eps, shape):
    layer = MVN(normalize_variance=normalizes, across_channels=is_across, eps=eps)
    assert layer.infer(Shape(shape)).tops == [shape]
    x = 3 + 2 * np.random.default_rng(0).standard_normal(shape)
    axes = tuple(range(1 if is_across else 2, len(shape)))
    want = x - x.mean(axes, keepdims=True)
    if normalizes:
        want /= x.std(axes, keepdims=True) + eps
    trial = Trial.on(layer, x)
    np.testing.assert_allclose(trial.forward()[0], want, rtol=1e-9)
    if eps < 0.5 or not normalizes:
        check_gradient(layer, shape)


def test_gradient_with_a_large_eps_is_that_of_caffe():
    x, dy = np.random.default_rng(0).standard_normal((2, 1, 1, 6))
    trial = Trial.on(MVN(eps=0.5), x)
    y = trial.forward()[0]
    dx = np.empty(x.shape)
    trial.backward([dy], [dx])
    want = (dy - dy.mean() - y * (y * dy).mean()) / (x.std() + 0.5)
    np.testing.assert_allclose(dx, want)


def test_a_constant_image_becomes_0():
    assert not Trial.on(MVN(), np.full((1, 2, 3), 5.0)).forward()[0].any()


def test_across_channels_of_two_axes():
    x = np.random.default_rng(0).standard_normal((2, 5))
    y = Trial.on(MVN(across_channels=True), x).forward()[0]
    np.testing.assert_allclose(y, (x - x.mean(1)[:, None]) / x.std(1)[:, None], rtol=1e-6)


def test_no_channels():
    layer = 'type: "MVN" top: "y"'
    message = "(MVN): a bottom of shape (3,) has no channels; it needs at least 2 axes"
    assert layer_refusal(layer, (3,)) == message

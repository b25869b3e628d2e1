import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS, Filler
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

BN = LAYERS["BN"]
SHAPES = [(4, 3, 2, 5), (5, 2), (3, 2, 4)]


def channels(x):
    """Return x as (channels, all the rest)."""
    return np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)


def made(shape):
    rng = np.random.default_rng(0)
    wide = (1, shape[1], 1, 1)
    x = 3 * rng.standard_normal(shape) + 1
    return x, dict(slope=rng.standard_normal(wide), bias=rng.standard_normal(wide))


def by_hand(x, weights, mean, variance, eps):
    slope, bias = (weights[n].reshape(-1, 1) for n in ("slope", "bias"))
    return (channels(x) - mean) / np.sqrt(variance + eps) * slope + bias


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fields", [{}, dict(bn_mode="LEARN", training=False)])
def test_takes_the_statistics_of_the_batch(shape, fields):
    x, weights = made(shape)
    y = Trial.on(BN(eps=0.1, **fields), x, **weights).forward()[0]
    mean, variance = channels(x).mean(1, keepdims=True), channels(x).var(1, keepdims=True)
    want = by_hand(x, weights, mean, variance, 1e-9 if "bn_mode" in fields else 0.1)
    np.testing.assert_allclose(channels(y), want, rtol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fields", [dict(training=False), dict(frozen=True)])
def test_takes_the_running_statistics(shape, fields):
    x, weights = made(shape)
    rng = np.random.default_rng(1)
    wide = (1, shape[1], 1, 1)
    weights |= dict(running_mean=rng.standard_normal(wide), running_variance=rng.random(wide))
    trial = Trial.on(BN(eps=0.1, **fields), x, **weights)
    y = trial.forward()[0]
    statistics = (weights[n].reshape(-1, 1) for n in ("running_mean", "running_variance"))
    np.testing.assert_allclose(channels(y), by_hand(x, weights, *statistics, 0.1), rtol=1e-9)
    for name in ("running_mean", "running_variance"):
        np.testing.assert_array_equal(trial.weights[name], weights[name])


def test_training_updates_the_running_statistics():
    x, weights = made((4, 3, 2, 5))
    trial = Trial.on(BN(momentum=0.75), x, **weights, running_mean=2, running_variance=3)
    trial.forward()
    means = trial.weights["running_mean"].ravel()
    np.testing.assert_allclose(means, 1.5 + 0.25 * channels(x).mean(1))
    variances = trial.weights["running_variance"].ravel()
    np.testing.assert_allclose(variances, 2.25 + 0.25 * channels(x).var(1))


def test_inference_only_scales_and_shifts():
    x, weights = made((4, 3, 2, 5))
    y = Trial.on(BN(bn_mode="INFERENCE"), x, **weights).forward()[0]
    np.testing.assert_allclose(y, x * weights["slope"] + weights["bias"])


@pytest.mark.parametrize(
    "fields",
    [
        dict(eps=0.1),
        dict(eps=0.1, training=False),
        dict(bn_mode="LEARN"),
        dict(bn_mode="INFERENCE", training=False),
    ],
)
@pytest.mark.parametrize("shape", [(3, 2, 2, 2), (5, 2)])
def test_gradient(fields, shape):
    check_gradient(BN(**fields), shape)


def test_frozen_has_a_gradient_only_for_the_bottom():
    x, weights = made((3, 2))
    trial = Trial.on(BN(frozen=True, eps=0), x, **weights, running_mean=1, running_variance=4)
    trial.forward()
    dy, dx = np.random.default_rng(1).standard_normal((3, 2)), np.ones((3, 2))
    added = {name: np.ones((1, 2, 1, 1)) for name in ("slope", "bias")}
    trial.backward([dy], [dx], added)
    np.testing.assert_allclose(dx, dy * weights["slope"].ravel() / 2)
    assert all((grad == 1).all() for grad in added.values())


def test_weights():
    pspnet = BN().infer(Shape((2, 3, 4, 4))).weights
    assert [(w.name, w.shape, w.is_learned, w.filler.value) for w in pspnet] == [
        ("slope", (1, 3, 1, 1), True, 1),
        ("bias", (1, 3, 1, 1), True, 0),
        ("running_mean", (1, 3, 1, 1), False, 0),
        ("running_variance", (1, 3, 1, 1), False, 0),
    ]
    assert BN(frozen=True).infer(Shape((2, 3))).weights[3].filler.value == 1
    segnet = BN(scale_filler=Filler(value=2), shift_filler=Filler(value=0.5))
    weights = segnet.infer(Shape((2, 3, 4, 4))).weights
    assert [(w.name, w.filler.value) for w in weights] == [("slope", 2), ("bias", 0.5)]


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ("eps: -1", (2, 3), "eps must be at least 0, got -1"),
        ("momentum: 2", (2, 3), "momentum must be at most 1, got 2"),
        ("", (2,), "a bottom of shape (2,) has no channels at axis 1"),
        (
            "bn_mode: LEARN frozen: true",
            (2, 3),
            "scale_filler, shift_filler and bn_mode are SegNet's, slope_filler, bias_filler and"
            " frozen PSPNet's; keep those of one",
        ),
    ],
)
def test_what_is_refused(fields, shape, message):
    layer = f'type: "BN" top: "y" bn_param {{ {fields} }}'
    assert layer_refusal(layer, shape) == f"(BN): {message}"

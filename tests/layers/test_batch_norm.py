import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS, Filler
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

BatchNorm = LAYERS["BatchNorm"]
SHAPES = [(4, 3, 2, 5), (5, 2), (3, 2, 4), (6,)]


def channels(x):
    """Return x as (channels, all the rest); one axis alone is one channel."""
    return x.reshape(1, -1) if x.ndim == 1 else np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape):
    signature = BatchNorm().infer(Shape(shape))
    count = shape[1] if len(shape) > 1 else 1
    assert signature.tops == [shape]
    assert [(w.name, w.shape, w.is_learned) for w in signature.weights] == [
        ("running_mean", (count,), False),
        ("running_variance", (count,), False),
        ("factor", (1,), False),
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_training_uses_the_batch(shape):
    x = np.random.default_rng(0).standard_normal(shape) * 3 + 1
    y = Trial.on(BatchNorm(eps=0.1), x).forward()[0]
    flat = channels(x)
    mean, variance = flat.mean(axis=1, keepdims=True), flat.var(axis=1, keepdims=True)
    np.testing.assert_allclose(channels(y), (flat - mean) / np.sqrt(variance + 0.1), rtol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fields", [dict(training=False), dict(use_global_stats=True)])
def test_running_statistics_are_divided_by_their_factor(shape, fields):
    rng = np.random.default_rng(0)
    x, count = rng.standard_normal(shape), shape[1] if len(shape) > 1 else 1
    mean, variance = rng.standard_normal(count), rng.random(count)
    trial = Trial.on(
        BatchNorm(**fields), x, running_mean=2 * mean, running_variance=2 * variance, factor=2
    )
    y = trial.forward()[0]
    want = (channels(x) - mean[:, None]) / np.sqrt(variance[:, None] + 1e-5)
    np.testing.assert_allclose(channels(y), want, rtol=1e-6)
    np.testing.assert_array_equal(trial.weights["running_mean"], 2 * mean)
    assert trial.weights["factor"] == [2]


def test_running_statistics_of_no_pass_are_0():
    y = Trial.on(BatchNorm(training=False, eps=0.25), [[4.0]], running_mean=1).forward()[0]
    assert y.tolist() == [[8.0]]


def test_each_training_pass_updates_the_running_statistics():
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    trial = Trial.on(BatchNorm(moving_average_fraction=0.9), x)
    mean, variance, factor = 0.0, 0.0, 0.0
    for _ in range(3):
        trial.forward()
        mean = 0.9 * mean + channels(x).mean(axis=1)
        variance = 0.9 * variance + channels(x).var(axis=1, ddof=1)
        factor = 0.9 * factor + 1
    np.testing.assert_allclose(trial.weights["running_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(trial.weights["running_variance"], variance, rtol=1e-12)
    np.testing.assert_allclose(trial.weights["factor"], [factor], rtol=1e-12)


def test_use_global_stats_false_trains_in_a_test():
    x = np.array([[1.0], [3.0]])
    y = Trial.on(BatchNorm(training=False, use_global_stats=False, eps=0), x).forward()[0]
    assert y.tolist() == [[-1], [1]]


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_through_batch_statistics(shape):
    check_gradient(BatchNorm(eps=0.1), shape)


def test_gradient_with_running_statistics():
    # check_gradient leaves them 0, so that the gradient is dy / sqrt(eps).
    check_gradient(BatchNorm(training=False, eps=0.5), (3, 2, 2))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fields", [{}, dict(training=False)])
def test_scale_and_bias_may_be_its_own(shape, fields):
    rng = np.random.default_rng(0)
    x, count = rng.standard_normal(shape), shape[1] if len(shape) > 1 else 1
    scale, bias = rng.standard_normal(count), rng.standard_normal(count)
    running = dict(running_mean=0.5, running_variance=2, factor=1)
    plain = Trial.on(BatchNorm(eps=0.1, **fields), x, **running).forward()[0]
    layer = BatchNorm(eps=0.1, scale_bias=True, **fields)
    y = Trial.on(layer, x, scale=scale, bias=bias, **running).forward()[0]
    want = channels(plain) * scale[:, None] + bias[:, None]
    np.testing.assert_allclose(channels(y), want, rtol=1e-10)
    check_gradient(layer, shape)


def test_a_filler_asks_for_scale_and_bias():
    weights = BatchNorm(bias_filler=Filler(value=0.5)).infer(Shape((2, 3))).weights
    assert [(w.name, w.shape, w.filler.value) for w in weights[3:]] == [
        ("scale", (3,), 1),
        ("bias", (3,), 0.5),
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("eps: -1", "eps must be at least 0, got -1"),
        (
            "moving_average_fraction: 1.5",
            "moving_average_fraction must be at most 1, got 1.5",
        ),
        (
            "moving_average_fraction: -0.5",
            "moving_average_fraction must be at least 0, got -0.5",
        ),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "BatchNorm" top: "y" batch_norm_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3)) == f"(BatchNorm): {message}"


def test_scalars_have_no_channels():
    assert layer_refusal('type: "BatchNorm" top: "y"', ()) == (
        "(BatchNorm): a bottom of shape () has no axes to normalize"
    )


def test_statistics_are_not_learned():
    layer = (
        'type: "BatchNorm" top: "y" param { lr_mult: 0 decay_mult: 0 } param {} param {} param {}'
    )
    assert layer_refusal(layer, (2, 3)) == (
        "(BatchNorm): has 4 param entries for 3 weight blobs; remove the rest"
    )

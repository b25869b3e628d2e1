import numpy as np
import pytest

from netdef.eager import Trial
from netdef.engines import Clock
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Dropout = LAYERS["Dropout"]


@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.5, 0.9])
def test_training_keeps_some_and_scales_them_up(ratio):
    layer = Dropout(dropout_ratio=ratio)
    y = Trial.on(layer, np.ones((100, 200))).forward()[0]
    is_kept = y != 0
    np.testing.assert_allclose(y[is_kept], 1 / (1 - ratio))
    assert abs(is_kept.mean() - (1 - ratio)) < 0.01


def test_ratio_is_a_half_unless_given():
    y = Trial.on(Dropout(), np.ones(1000)).forward()[0]
    assert set(y.tolist()) == {0.0, 2.0}


def test_each_pass_draws_anew_and_each_seed_too():
    def kept(seed, iteration):
        trial = Trial(Dropout(), (100,), clock=Clock(seed, iteration))
        trial.bottoms[0].fill(1)
        return trial.forward()[0].tolist()

    assert kept(1, 0) == kept(1, 0)
    assert kept(1, 0) != kept(1, 1)
    assert kept(1, 0) != kept(2, 0)


def test_a_test_hands_the_input_on():
    layer = Dropout(training=False, dropout_ratio=0.9)
    signature = layer.infer(Shape((2, 3)))
    assert signature.tops == [(2, 3)] and not signature.saved
    x = np.random.default_rng(0).standard_normal((2, 3))
    np.testing.assert_array_equal(Trial.on(layer, x).forward()[0], x)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("shape", [(3, 4), (2, 2, 3), (5,)])
def test_gradient(training, shape):
    check_gradient(Dropout(training=training), shape)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("dropout_ratio: -0.5", "dropout_ratio must be at least 0, got -0.5"),
        ("dropout_ratio: 1", "dropout_ratio must be less than 1, got 1"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Dropout" top: "y" dropout_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3)) == f"(Dropout): {message}"

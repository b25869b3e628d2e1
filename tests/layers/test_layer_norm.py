import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

LayerNorm = LAYERS["LayerNorm"]


@pytest.mark.parametrize(("axis", "shape"), [(-1, (2, 3, 4)), (1, (2, 3, 4)), (2, (2, 3, 2, 4))])
@pytest.mark.parametrize("scale_term", [False, True])
@pytest.mark.parametrize("bias_term", [False, True])
def test_layer_norm(axis, shape, scale_term, bias_term):
    layer = LayerNorm(axis=axis, eps=0.1, scale_term=scale_term, bias_term=bias_term)
    signature = layer.infer(Shape(shape))
    names = ["weight"] * scale_term + ["bias"] * bias_term
    assert [(w.name, w.shape) for w in signature.weights] == [(n, shape[axis:]) for n in names]
    rng = np.random.default_rng(0)
    x = 3 * rng.standard_normal(shape) + 1
    weights = {n: rng.standard_normal(shape[axis:]) for n in names}
    axes = tuple(range(axis % x.ndim, x.ndim))
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    want = (x - mean) / np.sqrt(variance + 0.1)
    want = want * weights.get("weight", 1) + weights.get("bias", 0)
    np.testing.assert_allclose(Trial.on(layer, x, **weights).forward()[0], want, rtol=1e-10)
    check_gradient(layer, shape)


def test_the_scale_begins_at_1_and_the_bias_at_0():
    weight, bias = LayerNorm().infer(Shape((2, 3))).weights
    assert (weight.filler.value, bias.filler.value) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("eps: -1", "eps must be at least 0, got -1"),
        ("axis: 2", "axis 2 is not one of the 2 axes of (2, 3)"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "LayerNorm" top: "y" layer_norm_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3)) == f"(LayerNorm): {message}"

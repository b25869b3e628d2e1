import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

GroupNorm = LAYERS["GroupNorm"]


@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize("shape", [(2, 4, 3, 2), (3, 8)])
@pytest.mark.parametrize("terms", [(True, True), (False, True), (True, False), (False, False)])
def test_group_norm(group, shape, terms):
    layer = GroupNorm(group=group, eps=0.1, scale_term=terms[0], bias_term=terms[1])
    signature = layer.infer(Shape(shape))
    names = ["weight"] * terms[0] + ["bias"] * terms[1]
    assert [(w.name, w.shape) for w in signature.weights] == [(n, shape[1:2]) for n in names]
    rng = np.random.default_rng(0)
    x = 3 * rng.standard_normal(shape) + 1
    weights = {n: rng.standard_normal(shape[1]) for n in names}
    rows = x.reshape(shape[0], group, -1)
    mean, variance = rows.mean(axis=2, keepdims=True), rows.var(axis=2, keepdims=True)
    want = ((rows - mean) / np.sqrt(variance + 0.1)).reshape(shape)
    for name, small in weights.items():
        wide = small.reshape(1, -1, *(1,) * (x.ndim - 2))
        want = want * wide if name == "weight" else want + wide
    np.testing.assert_allclose(Trial.on(layer, x, **weights).forward()[0], want, rtol=1e-9)
    check_gradient(layer, shape)


def test_each_channel_by_itself_is_instance_normalization():
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 4))
    y = Trial.on(GroupNorm(group=3, eps=0, scale_term=False, bias_term=False), x).forward()[0]
    np.testing.assert_allclose(y.mean(axis=(2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=(2, 3)), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("group: 0", "group must be at least 1, got 0"),
        ("eps: -1", "eps must be at least 0, got -1"),
        ("group: 2", "3 channels do not divide into 2 groups"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "GroupNorm" top: "y" group_norm_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3)) == f"(GroupNorm): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS, Filler
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Normalize = LAYERS["Normalize"]
MODES = [(a, c) for a in (True, False) for c in (True, False)]


@pytest.mark.parametrize(("across_spatial", "channel_shared"), MODES)
@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (3, 4), (2, 3, 5)])
def test_normalize(across_spatial, channel_shared, shape):
    fields = dict(across_spatial=across_spatial, channel_shared=channel_shared, eps=0.5)
    layer = Normalize(**fields)
    signature = layer.infer(Shape(shape))
    assert signature.tops == [shape]
    assert [w.shape for w in signature.weights] == [() if channel_shared else (shape[1],)]
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(shape), rng.standard_normal(signature.weights[0].shape)
    axes = tuple(range(1, len(shape))) if across_spatial else (1,)
    want = x / np.sqrt((x * x).sum(axis=axes, keepdims=True) + 0.5)
    want = want * weight.reshape(1, -1, *(1,) * (len(shape) - 2))
    np.testing.assert_allclose(Trial.on(layer, x, weight=weight).forward()[0], want, rtol=1e-12)
    check_gradient(layer, shape)


def test_the_scale_begins_at_1_or_as_its_filler_says():
    assert Normalize().infer(Shape((2, 3))).weights[0].filler.value == 1
    layer = Normalize(scale_filler=Filler(value=20))
    assert layer.infer(Shape((2, 3))).weights[0].filler.value == 20


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ("eps: -1", (2, 3), "eps must be at least 0, got -1"),
        ("", (2,), "a bottom of shape (2,) has no channels at axis 1"),
    ],
)
def test_what_is_refused(fields, shape, message):
    layer = f'type: "Normalize" top: "y" norm_param {{ {fields} }}'
    assert layer_refusal(layer, shape) == f"(Normalize): {message}"

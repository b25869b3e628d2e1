import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

KINDS = ["DepthwiseConvolution", "ConvolutionDepthwise"]
SHAPE = (2, 3, 5, 4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bias_term", [False, True])
@pytest.mark.parametrize(
    "fields", [dict(kernel_size=(3,), pad=(1,)), dict(kernel_size=(2,), stride=(2,), group=3)]
)
def test_is_a_convolution_with_as_many_groups_as_channels(kind, bias_term, fields):
    layer = LAYERS[kind](num_output=3, bias_term=bias_term, **fields)
    plain = LAYERS["Convolution"](**{**fields, "num_output": 3, "group": 3, "bias_term": bias_term})
    signature = layer.infer(Shape(SHAPE))
    assert signature.tops == plain.infer(Shape(SHAPE)).tops
    kernel = fields["kernel_size"] * 2
    assert [w.shape for w in signature.weights] == [(3, 1, *kernel), (3,)][: 1 + bias_term]
    rng = np.random.default_rng(0)
    x = rng.standard_normal(SHAPE)
    weights = {w.name: rng.standard_normal(w.shape) for w in signature.weights}
    both = [Trial.on(one, x, **weights).forward()[0] for one in (layer, plain)]
    np.testing.assert_allclose(*both, rtol=1e-12)
    check_gradient(layer, SHAPE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("num_output: 6 kernel_size: 3", "num_output must be the 3 channels, got 6"),
        ("num_output: 3 kernel_size: 3 group: 2", "group must be num_output, 3, got 2"),
        ("num_output: 0 kernel_size: 3", "num_output must be at least 1, got 0"),
    ],
)
def test_what_is_refused(kind, fields, message):
    layer = f'type: "{kind}" top: "y" convolution_param {{ {fields} }}'
    assert layer_refusal(layer, SHAPE) == f"({kind}): {message}"

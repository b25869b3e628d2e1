import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal, refusal

InnerProduct = LAYERS["InnerProduct"]


@pytest.mark.parametrize(
    ("shape", "axis", "top", "inputs"),
    [
        ((2, 3, 4), 1, (2, 5), 12),
        ((2, 3, 4), 2, (2, 3, 5), 4),
        ((2, 3, 4), -1, (2, 3, 5), 4),
        ((2, 3), 0, (5,), 6),
    ],
)
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("bias_term", [False, True])
def test_shapes_and_gradient(shape, axis, top, inputs, transpose, bias_term):
    layer = InnerProduct(num_output=5, axis=axis, transpose=transpose, bias_term=bias_term)
    signature = layer.infer(Shape(shape))
    assert signature.tops == [top]
    matrix = (inputs, 5) if transpose else (5, inputs)
    assert [w.shape for w in signature.weights] == [matrix, (5,)][: 1 + bias_term]
    check_gradient(layer, shape)


@pytest.mark.parametrize("transpose", [False, True])
def test_forward_by_hand(transpose):
    layer = InnerProduct(num_output=2, transpose=transpose)
    weight = np.array([[10.0, 1.0], [0.0, -1.0]])
    x = [[1.0, 2.0], [3.0, 4.0]]
    trial = Trial.on(layer, x, weight=weight.T if transpose else weight, bias=[0.5, 0])
    assert trial.forward()[0].tolist() == [[12.5, -2], [34.5, -4]]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ('type: "InnerProduct" top: "y"', "inner_product_param must set num_output"),
        (
            'type: "InnerProduct" top: "y" inner_product_param { num_output: 0 }',
            "num_output must be at least 1, got 0",
        ),
        (
            'type: "InnerProduct" top: "y" inner_product_param { num_output: 1 axis: 3 }',
            "axis 3 is not one of the 2 axes of (2, 3)",
        ),
        (
            'type: "InnerProduct" top: "y" inner_product_param { num_output: 1 axis: -3 }',
            "axis -3 is not one of the 2 axes of (2, 3)",
        ),
        ('type: "InnerProduct" inner_product_param { num_output: 1 }', "takes 1 tops, got 0"),
    ],
)
def test_what_is_refused(layer, message):
    assert layer_refusal(layer, (2, 3)) == f"(InnerProduct): {message}"


def test_misspelt_type():
    text = 'layer { name: "ip" type: "InnerProdct" bottom: "x" top: "y" }'
    assert refusal(text) == (
        "net.prototxt:1: layer 'ip': no layer type 'InnerProdct'; did you mean 'InnerProduct'?"
    )

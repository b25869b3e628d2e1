import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Eltwise = LAYERS["Eltwise"]
SHAPE = (2, 3, 2)
FIELDS = [
    dict(operation="SUM"),
    dict(operation="SUM", coeff=(1, -2.5, 0.5)),
    dict(operation="PROD"),
    dict(operation="PROD", stable_prod_grad=False),
    dict(operation="MAX"),
]


@pytest.mark.parametrize("fields", FIELDS)
def test_three_bottoms(fields):
    layer = Eltwise(**fields)
    assert layer.infer((Shape(SHAPE),) * 3).tops == [SHAPE]
    a, b, c = np.random.default_rng(0).standard_normal((3, *SHAPE))
    y = Trial.on(layer, a, b, c).forward()[0]
    i, j, k = fields.get("coeff", (1, 1, 1))
    want = {
        "SUM": i * a + j * b + k * c,
        "PROD": a * b * c,
        "MAX": np.maximum(np.maximum(a, b), c),
    }[layer.operation]
    np.testing.assert_allclose(y, want, rtol=1e-12)
    check_gradient(layer, SHAPE, SHAPE, SHAPE)


@pytest.mark.parametrize("fields", FIELDS)
def test_gradient_of_some_bottoms_only(fields):
    layer = Eltwise(**fields)
    x = np.random.default_rng(0).standard_normal((3, *SHAPE))
    dy = np.random.default_rng(1).standard_normal(SHAPE)
    every, some = np.empty((3, *SHAPE)), np.empty((3, *SHAPE))
    trial = Trial.on(layer, *x)
    trial.forward()
    trial.backward([dy], list(every))
    trial.backward([dy], [None, some[1], None])
    np.testing.assert_array_equal(some[1], every[1])


def test_product_with_a_zero_has_a_gradient():
    trial = Trial.on(Eltwise(operation="PROD"), [0.0], [2.0], [3.0])
    trial.forward()
    grads = [np.empty(1) for _ in range(3)]
    trial.backward([np.ones(1)], grads)
    assert [g.item() for g in grads] == [6, 0, 0]


@pytest.mark.parametrize(
    ("values", "winner"), [((1, 1, 1), 1), ((2, 1, 2), 0), ((1, 2, 2), 1), ((0, 1, 2), 2)]
)
def test_gradient_of_equal_maxima_goes_where_caffe_sends_it(values, winner):
    trial = Trial.on(Eltwise(operation="MAX"), *([float(v)] for v in values))
    trial.forward()
    grads = [np.empty(1) for _ in range(3)]
    trial.backward([np.full(1, 5.0)], grads)
    assert [g.item() for g in grads] == [5.0 * (i == winner) for i in range(3)]


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("", [(2, 3)], "takes 2 or more bottoms, got 1"),
        (
            "",
            [(2, 3), (2, 3), (3, 2)],
            "bottoms 0 and 2 have the shapes (2, 3) and (3, 2), not the same",
        ),
        (
            "operation: PROD coeff: 1 coeff: 2",
            [(2, 3), (2, 3)],
            "coeff is for operation: SUM, not PROD",
        ),
        (
            "coeff: 1",
            [(2, 3), (2, 3)],
            "coeff has 1 values for 2 bottoms; give one each",
        ),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Eltwise" top: "y" eltwise_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Eltwise): {message}"

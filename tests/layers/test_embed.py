import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Embed = LAYERS["Embed"]


@pytest.mark.parametrize("bias_term", [False, True])
@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 1, 3)])
def test_by_hand_and_gradient(shape, bias_term):
    layer = Embed(num_output=2, input_dim=5, bias_term=bias_term)
    signature = layer.infer(Shape(shape))
    assert signature.tops == [(*shape, 2)]
    assert [w.shape for w in signature.weights] == [(5, 2), (2,)][: 1 + bias_term]
    rng = np.random.default_rng(1)
    x, weight, bias = rng.integers(0, 5, shape), rng.standard_normal((5, 2)), [10.0, 20]
    given = dict(weight=weight, bias=bias) if bias_term else dict(weight=weight)
    y = Trial.on(layer, x, **given).forward()[0]
    for place in np.ndindex(shape):
        np.testing.assert_allclose(y[place], weight[x[place]] + np.array(bias) * bias_term)
    check_gradient(layer, shape, bottoms=[x])


def test_number_outside_the_table():
    with pytest.raises(DataError) as caught:
        Trial.on(Embed(num_output=2, input_dim=5), [0, 5]).forward()
    assert str(caught.value) == "index 5 (item 1) is outside the 5 rows 0 to 4"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("input_dim: 2", "embed_param must set num_output"),
        ("num_output: 2", "embed_param must set input_dim"),
        ("num_output: 2 input_dim: 0", "input_dim must be at least 1, got 0"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Embed" top: "y" embed_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3)) == f"(Embed): {message}"

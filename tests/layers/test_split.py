import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Split = LAYERS["Split"]


@pytest.mark.parametrize("tops", [1, 2, 3])
@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 2), ()])
def test_split(tops, shape):
    names = tuple("abc"[:tops])
    assert Split().infer(Shape(shape), names).tops == [shape] * tops
    x = np.random.default_rng(0).standard_normal(shape)
    for top in Trial.on(Split(), x, tops=tops).forward():
        np.testing.assert_array_equal(top, x)
    check_gradient(Split(), shape, tops=tops)


def test_what_is_refused():
    assert layer_refusal('type: "Split"', (2,)) == "(Split): takes 1 or more tops, got 0"
    assert layer_refusal('type: "Split" top: "y" top: "y"', (2,)) == (
        "(Split): names the same top twice"
    )

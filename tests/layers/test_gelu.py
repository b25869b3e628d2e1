import math

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

GELU = LAYERS["GELU"]
X = np.array([-8.0, -3, -1, -0.2, 0, 1e-3, 0.7, 2, 5, 30])


def test_is_x_times_the_normal_distribution():
    assert GELU().infer(Shape((2, 3))).tops == [(2, 3)]
    want = [x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in X]
    np.testing.assert_allclose(Trial.on(GELU(), X).forward()[0], want, rtol=0, atol=1e-6)


def test_tanh():
    want = 0.5 * X * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))
    y = Trial.on(GELU(approximate="TANH"), X).forward()[0]
    np.testing.assert_allclose(y, want, rtol=1e-12)


@pytest.mark.parametrize(("approximate", "tolerance"), [("NONE", 1e-5), ("TANH", 1e-7)])
def test_gradient(approximate, tolerance):
    check_gradient(GELU(approximate=approximate), X.shape, bottoms=[X], tolerance=tolerance)


def test_what_is_refused():
    assert layer_refusal('type: "GELU" top: "y"', (2,), (2,)) == "(GELU): takes 1 bottoms, got 2"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

LSTMUnit = LAYERS["LSTMUnit"]
SHAPES = [(1, 3, 2), (1, 3, 8), (1, 3)]


def test_shapes():
    assert LSTMUnit().infer(*map(Shape, SHAPES)).tops == [(1, 3, 2), (1, 3, 2)]


def test_by_hand():
    x = np.log([[[1.0, 3, 9, 1]]])  # sigmoids 1/2, 3/4, 9/10
    x[0, 0, 3] = np.arctanh(0.5)
    c, h = Trial.on(LSTMUnit(), np.full((1, 1, 1), 4.0), x, [[1.0]], tops=2).forward()
    assert c.item() == pytest.approx(0.75 * 4 + 0.5 * 0.5)
    assert h.item() == pytest.approx(0.9 * np.tanh(3.25))


def test_nothing_is_left_where_a_sequence_begins():
    before, x = np.full((1, 1, 1), 4.0), np.zeros((1, 1, 4))
    c, h = Trial.on(LSTMUnit(), before, x, [[0.0]], tops=2).forward()
    assert c.item() == h.item() == 0


def test_gradient():
    rng = np.random.default_rng(2)
    bottoms = [rng.standard_normal(s) for s in SHAPES[:2]]
    check_gradient(LSTMUnit(), *SHAPES, tops=2, bottoms=[*bottoms, [[1.0, 0, 1]]])


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(3, 2), *SHAPES[1:]], "the cells (3, 2) must have the axes (1, streams, units)"),
        (
            [SHAPES[0], (1, 3, 6), SHAPES[2]],
            "x (1, 3, 6) must have the shape (1, 3, 8) for cells (1, 3, 2)",
        ),
        ([*SHAPES[:2], (3,)], "cont (3,) must have the shape (1, 3)"),
    ],
)
def test_what_is_refused(shapes, message):
    layer = 'type: "LSTMUnit" top: "c" top: "h"'
    assert layer_refusal(layer, *shapes) == f"(LSTMUnit): {message}"

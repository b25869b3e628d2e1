import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.refusal import layer_refusal

CenterLoss = LAYERS["CenterLoss"]
RNG = np.random.default_rng(5)
LABEL = [0, 2, 2, 0, 2]


def test_shapes():
    signature = CenterLoss(num_output=4).infer(Shape((5, 3, 2)), Shape((5, 1)))
    assert signature.tops == [()]
    assert [w.shape for w in signature.weights] == [(4, 6)]
    signature = CenterLoss(num_output=4, axis=2).infer(Shape((5, 3, 2)), Shape((5, 3)))
    assert [w.shape for w in signature.weights] == [(4, 2)]


def test_by_hand():
    x, centers = RNG.standard_normal((5, 3)), RNG.standard_normal((4, 3))
    trial = Trial.on(CenterLoss(num_output=4), x, LABEL, centers=centers)
    difference = x - centers[LABEL]
    assert trial.forward()[0] == pytest.approx((difference**2).sum() / 10)
    dx, dcenters = np.ones((5, 3)), np.ones((4, 3))
    trial.backward([np.array(0.1)], [dx, None], {"centers": dcenters})
    np.testing.assert_allclose(dx, difference * 0.1 / 5)
    want = np.ones((4, 3))
    want[0] -= difference[[0, 3]].sum(0) / 3
    want[2] -= difference[[1, 2, 4]].sum(0) / 4
    np.testing.assert_allclose(dcenters, want)


def test_slope_of_x():
    x, centers = RNG.standard_normal((5, 3)), RNG.standard_normal((4, 3))
    trial = Trial.on(CenterLoss(num_output=4), x, LABEL, centers=centers)
    trial.forward()
    dx = np.empty((5, 3))
    trial.backward([np.array(1.0)], [dx, None])
    for place in np.ndindex(x.shape):
        trial.bottoms[0][place] += 1e-4
        above = trial.forward()[0].item()
        trial.bottoms[0][place] -= 2e-4
        slope = (above - trial.forward()[0].item()) / 2e-4
        trial.bottoms[0][place] += 1e-4
        assert dx[place] == pytest.approx(slope, abs=1e-6)


def test_label_of_no_class():
    with pytest.raises(DataError) as caught:
        Trial.on(CenterLoss(num_output=2), np.zeros((2, 3)), [0, 2]).forward()
    assert str(caught.value) == "index 2 (item 1) is outside the 2 rows 0 to 1"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "center_loss_param must set num_output"),
        ("num_output: 0", "num_output must be at least 1, got 0"),
        ("num_output: 2", "2 items need as many labels, but these are (3,)"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "CenterLoss" top: "loss" center_loss_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3), (3,)) == f"(CenterLoss): {message}"

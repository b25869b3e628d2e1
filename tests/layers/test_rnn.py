import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.layers.recurrence import in_passes
from tests.refusal import layer_refusal

RNN = LAYERS["RNN"]
RNG = np.random.default_rng(9)
CONT = np.array([[0, 0, 1], [1, 1, 0], [1, 0, 1], [1, 1, 1]], float)
STATE = (1, 3, 2)


def rnn_by_hand(x, cont, weights, h, static=None):
    sums_s = 0 if static is None else static @ weights["weight_s"].T
    y = []
    for x_t, cont_t in zip(x, cont, strict=True):
        sums = x_t @ weights["weight_x"].T + weights["bias"] + sums_s
        h = np.tanh(sums + (h * cont_t[:, None]) @ weights["weight_h"].T)
        y.append(np.tanh(h @ weights["weight_o"].T + weights["bias_o"]))
    return np.array(y), h


@pytest.mark.parametrize(
    ("extra", "weights"),
    [
        ([], [(2, 20), (2,), (2, 2), (2, 2), (2,)]),
        ([(3, 7)], [(2, 20), (2,), (2, 7), (2, 2), (2, 2), (2,)]),
    ],
)
@pytest.mark.parametrize("expose", [False, True])
def test_shapes(expose, extra, weights):
    shapes = [Shape(s) for s in [(4, 3, 4, 5), (4, 3), *extra, *[STATE] * expose]]
    signature = RNN(num_output=2, expose_hidden=expose).signature(shapes, ["y", "h"][: 1 + expose])
    assert signature.tops == [(4, 3, 2), STATE][: 1 + expose]
    assert [w.shape for w in signature.weights] == weights


@pytest.mark.parametrize("has_static", [False, True])
def test_steps_by_hand(has_static):
    x, static, h = (RNG.standard_normal(s) for s in ((4, 3, 5), (3, 2), STATE))
    extra = [static] if has_static else []
    trial = Trial.on(RNN(num_output=2, expose_hidden=True), x, CONT, *extra, h, tops=2)
    for weight in trial.weights.values():
        weight[...] = RNG.standard_normal(weight.shape)
    want = rnn_by_hand(x, CONT, trial.weights, h[0], *extra)
    for a, b in zip(trial.forward(), want, strict=True):
        np.testing.assert_allclose(a.reshape(b.shape), b, rtol=1e-12)


@pytest.mark.parametrize("steps", [2, 1])
@pytest.mark.parametrize("keep", ["blobs", "outputs"])
def test_state_lasts_from_pass_to_pass(steps, keep):
    x = RNG.standard_normal((4, 3, 2)).astype("f4")
    whole = in_passes("RNN", x, CONT, 4, keep)
    np.testing.assert_allclose(in_passes("RNN", x, CONT, steps, keep), whole, rtol=1e-5)


@pytest.mark.parametrize("extra", [[], [(3, 2)]])
def test_gradient_through_time(extra):
    cont = CONT.copy()
    cont[0] = 0  # else the state would make each pass another
    bottoms = [RNG.standard_normal((4, 3, 2)), cont, *(RNG.standard_normal(s) for s in extra)]
    check_gradient(RNN(num_output=2), *(b.shape for b in bottoms), bottoms=bottoms)


@pytest.mark.parametrize("extra", [[], [(3, 2)]])
def test_gradient_through_states(extra):
    layer = RNN(num_output=2, expose_hidden=True, propagate_hidden=True)
    bottoms = [RNG.standard_normal(s) for s in [(4, 3, 2), CONT.shape, *extra, STATE]]
    bottoms[1] = CONT
    check_gradient(layer, *(b.shape for b in bottoms), tops=2, bottoms=bottoms)


def test_gradient_stops_at_states_as_in_caffe():
    x, h, dy = (RNG.standard_normal(s) for s in ((4, 3, 5), STATE, (4, 3, 2)))
    trial = Trial.on(RNN(num_output=2, expose_hidden=True), x, CONT, h, tops=2)
    for weight in trial.weights.values():
        weight[...] = RNG.standard_normal(weight.shape)
    trial.forward()
    found = []
    for dlast in (np.zeros(STATE), np.ones(STATE)):
        into = [np.ones((4, 3, 5)), None, np.ones(STATE)]
        trial.backward([dy, dlast], into)
        found.append(into[0])
        assert into[0].any()
        assert not into[2].any()
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("", [(4, 3, 2), (4, 3)], "recurrent_param must set num_output, at least to 1"),
        (
            "num_output: 2 expose_hidden: true",
            [(4, 3, 2), (4, 3)],
            "takes 3 or 4 bottoms (x, cont, a static one or none, h_0) with expose_hidden: true,"
            " got 2",
        ),
        (
            "num_output: 2",
            [(4, 3, 2), (4, 3), STATE, STATE],
            "takes 2 or 3 bottoms (x, cont, a static one or none) with expose_hidden: false, got 4",
        ),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "RNN" top: "y" recurrent_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(RNN): {message}"

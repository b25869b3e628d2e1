import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.layers.recurrence import in_passes, recurrent_net
from tests.refusal import layer_refusal

LSTM = LAYERS["LSTM"]
RNG = np.random.default_rng(9)
CONT = np.array([[0, 0, 1], [1, 1, 0], [1, 0, 1], [1, 1, 1]], float)
STATE = (1, 3, 2)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(x, cont, weights, h, c, static=None):
    """Go one step, one stream and one unit after the other."""
    units = h.shape[-1]
    sums_s = 0 if static is None else static @ weights["weight_s"].T
    y = []
    for x_t, cont_t in zip(x, cont, strict=True):
        h = h * cont_t[:, None]
        sums = x_t @ weights["weight_x"].T + weights["bias"] + sums_s + h @ weights["weight_h"].T
        i, f, o, g = (sums[:, k * units : (k + 1) * units] for k in range(4))
        c = cont_t[:, None] * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        y.append(h)
    return np.array(y), h, c


def filled(layer, *bottoms, tops=1):
    trial = Trial.on(layer, *bottoms, tops=tops)
    for weight in trial.weights.values():
        weight[...] = RNG.standard_normal(weight.shape)
    return trial


@pytest.mark.parametrize(
    ("expose", "extra", "tops", "weights"),
    [
        (False, [], 1, [(8, 20), (8,), (8, 2)]),
        (False, [(3, 2, 4)], 1, [(8, 20), (8,), (8, 8), (8, 2)]),
        (True, [STATE, STATE], 3, [(8, 20), (8,), (8, 2)]),
        (True, [(3, 1), STATE, STATE], 3, [(8, 20), (8,), (8, 1), (8, 2)]),
    ],
)
def test_shapes(expose, extra, tops, weights):
    layer = LSTM(num_output=2, expose_hidden=expose)
    shapes = [Shape(s) for s in [(4, 3, 4, 5), (4, 3), *extra]]
    signature = layer.signature(shapes, ["y", "h", "c"][:tops])
    assert signature.tops == [(4, 3, 2), STATE, STATE][:tops]
    assert [w.shape for w in signature.weights] == weights


@pytest.mark.parametrize("has_static", [False, True])
def test_steps_by_hand(has_static):
    x, static = RNG.standard_normal((4, 3, 5)), RNG.standard_normal((3, 2))
    h, c = RNG.standard_normal((2, *STATE))
    extra = [static] if has_static else []
    trial = filled(LSTM(num_output=2, expose_hidden=True), x, CONT, *extra, h, c, tops=3)
    found = trial.forward()
    want = lstm_by_hand(x, CONT, trial.weights, h[0], c[0], *extra)
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a.reshape(b.shape), b, rtol=1e-12)


@pytest.mark.parametrize("steps", [4, 2, 1])
@pytest.mark.parametrize("keep", ["blobs", "outputs"])
def test_state_lasts_from_pass_to_pass(steps, keep):
    x = RNG.standard_normal((4, 3, 2)).astype("f4")
    whole = in_passes("LSTM", x, CONT, 4, keep)
    np.testing.assert_allclose(in_passes("LSTM", x, CONT, steps, keep), whole, rtol=1e-5)


def test_state_has_memory_of_its_own():
    plan = recurrent_net("LSTM", 4, 3, 2, 3, keep="outputs").plan
    of_state = {v for v in plan.slots if v.name.startswith("it.state_")}
    assert {v.name for v in of_state} == {"it.state_h", "it.state_c"}
    for state in of_state:
        start = plan.slots[state].offset
        for other in plan.slots.keys() - {state}:
            at = plan.slots[other].offset
            assert at + other.bytes <= start or start + state.bytes <= at, str(other)


def test_gradient_through_time():
    x = RNG.standard_normal((4, 3, 2))
    cont = CONT.copy()
    cont[0] = 0  # else the state would make each pass another
    check_gradient(LSTM(num_output=2), x.shape, cont.shape, bottoms=[x, cont])
    static = RNG.standard_normal((3, 2))
    bottoms = [x, cont, static]
    check_gradient(LSTM(num_output=2), *(b.shape for b in bottoms), bottoms=bottoms)


@pytest.mark.parametrize("extra", [[], [(3, 2)]])
def test_gradient_through_states(extra):
    layer = LSTM(num_output=2, expose_hidden=True, propagate_hidden=True)
    shapes = [(4, 3, 2), CONT.shape, *extra, STATE, STATE]
    bottoms = [RNG.standard_normal(s) for s in shapes]
    bottoms[1] = CONT
    check_gradient(layer, *shapes, tops=3, bottoms=bottoms)


def test_gradient_stops_at_states_as_in_caffe():
    x, h, c, dy = (RNG.standard_normal(s) for s in ((4, 3, 5), STATE, STATE, (4, 3, 2)))
    trial = filled(LSTM(num_output=2, expose_hidden=True), x, CONT, h, c, tops=3)
    trial.forward()
    found = []
    for dlast in (np.zeros(STATE), np.ones(STATE)):
        into = [np.ones((4, 3, 5)), None, np.ones(STATE), np.ones(STATE)]
        trial.backward([dy, dlast, dlast], into)
        found.append(into[0])
        assert into[0].any()
        assert not into[2].any()
        assert not into[3].any()
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("fields", "tops", "shapes", "message"),
    [
        ("", 1, [(4, 3, 2), (4, 3)], "recurrent_param must set num_output, at least to 1"),
        ("num_output: 2", 1, [(4,), (4,)], "x (4,) must have the axes (time steps, streams, ...)"),
        (
            "num_output: 2",
            1,
            [(4, 3, 2), (3, 4)],
            "cont (3, 4) must be (4, 3), the first two axes of x (4, 3, 2)",
        ),
        (
            "num_output: 2",
            1,
            [(4, 3, 2), (4, 3), STATE, STATE],
            "takes 2 or 3 bottoms (x, cont, a static one or none) with expose_hidden: false, got 4",
        ),
        (
            "num_output: 2 expose_hidden: true",
            3,
            [(4, 3, 2), (4, 3), STATE],
            "takes 4 or 5 bottoms (x, cont, a static one or none, h_0, c_0) with expose_hidden:"
            " true, got 3",
        ),
        (
            "num_output: 2 expose_hidden: true",
            2,
            [(4, 3, 2), (4, 3), STATE, STATE],
            "makes 3 tops with expose_hidden: true, got 2",
        ),
        (
            "num_output: 2 expose_hidden: true",
            3,
            [(4, 3, 2), (4, 3), STATE, (1, 2, 3)],
            "c_0 (1, 2, 3) must have the shape (1, 3, 2)",
        ),
        (
            "num_output: 2",
            1,
            [(4, 3, 2), (4, 3), (4, 2)],
            "the static bottom (4, 2) must have 3 rows, one a stream",
        ),
    ],
)
def test_what_is_refused(fields, tops, shapes, message):
    names = " ".join(f'top: "t{i}"' for i in range(tops))
    layer = f'type: "LSTM" {names} recurrent_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(LSTM): {message}"


def test_cont_must_be_given():
    refused = layer_refusal('type: "LSTM" top: "y"', (4, 3, 2))
    assert refused == "(LSTM): takes 2 to 5 bottoms, got 1"


def test_state_lasts_when_the_number_of_steps_changes():
    x = RNG.standard_normal((6, 3, 2)).astype("f4")
    cont = np.ones((6, 3))
    cont[0] = 0
    whole = recurrent_net("LSTM", 6, 3, 2, 3).forward(x=x, cont=cont)["y"].copy()
    net = recurrent_net("LSTM", 2, 3, 2, 3)
    found = [net.forward(x=x[:2], cont=cont[:2])["y"].copy()]
    for part in (slice(2, 5), slice(5, 6)):
        steps = part.stop - part.start
        net.blobs["x"].reshape(steps, 3, 2)
        net.blobs["cont"].reshape(steps, 3)
        found.append(net.forward(x=x[part], cont=cont[part])["y"].copy())
    np.testing.assert_allclose(np.concatenate(found), whole, rtol=1e-5)


def test_states_can_be_taken_down_and_put_back():
    x, cont = RNG.standard_normal((4, 3, 2)).astype("f4"), np.ones((4, 3))
    net = recurrent_net("LSTM", 4, 3, 2, 3)
    net.forward(x=x, cont=cont)
    kept = {name: array.copy() for name, array in net.lasting.items()}
    assert set(kept) == {"it.state_h", "it.state_c"}
    first = net.forward(x=x, cont=cont)["y"].copy()
    assert not np.array_equal(net.forward(x=x, cont=cont)["y"], first)
    for name, array in kept.items():
        net.lasting[name][...] = array
    np.testing.assert_array_equal(net.forward(x=x, cont=cont)["y"], first)

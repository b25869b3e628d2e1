import numpy as np
import pytest

from netdef.device import CPU
from netdef.errors import ConfigError, UnknownType, WeightsError
from netdef.infer import Param
from netdef.layer import Weight
from netdef.proto import FillerParameter, SolverParameter
from netdef.solvers import stretches
from netdef.solvers.update import Update
from netdef.weights import Weights

RATE = 0.1


def weights_of(*specs):
    """Make weights of (shape, lr_mult, decay_mult), with random values and gradients."""
    params = [
        Param(f"ip/{i}", f"ip/{i}", Weight("w", shape, FillerParameter()), lr_mult, decay_mult)
        for i, (shape, lr_mult, decay_mult) in enumerate(specs)
    ]
    weights = Weights(params, CPU)
    rng = np.random.default_rng(1)
    for key in weights.params:
        view = weights.view(weights.data, key)
        view[...] = rng.standard_normal(view.shape)
        if weights.params[key].is_learned:
            grad = weights.view(weights.grad, key)
            grad[...] = rng.standard_normal(view.shape)
    return weights


def values(weights, key="ip/0"):
    return weights.view(weights.data, key).copy()


def grad(weights, key="ip/0"):
    return weights.view(weights.grad, key)


def updated(weights, **fields):
    update = Update(weights, SolverParameter(**fields))
    update.apply(RATE, 0)
    return update


def test_plain_descent():
    weights = weights_of(((3, 4), 1, 1))
    before = values(weights)
    updated(weights)
    np.testing.assert_allclose(values(weights), before - RATE * grad(weights), rtol=1e-6)


def test_momentum_over_three_iterations():
    weights = weights_of(((3, 4), 1, 1))
    update = Update(weights, SolverParameter(momentum=0.9))
    w, h = values(weights), 0.0
    for i, rate in enumerate((0.1, 0.2, 0.05)):
        grad(weights)[...] += i
        update.apply(rate, i)
        h = 0.9 * h + rate * grad(weights)
        w = w - h
        np.testing.assert_allclose(values(weights), w, rtol=1e-5)
    np.testing.assert_allclose(update.saved()[0], h, rtol=1e-5)


@pytest.mark.parametrize(("kind", "of"), [("L2", lambda w: w), ("L1", np.sign)])
@pytest.mark.parametrize("iter_size", [1, 4])
def test_decay(kind, of, iter_size):
    weights = weights_of(((3, 4), 1, 0.5))
    weights.view(weights.data, "ip/0")[0, 0] = 0
    before = values(weights)
    updated(weights, weight_decay=0.3, regularization_type=kind, iter_size=iter_size)
    step = grad(weights) / iter_size + 0.3 * 0.5 * of(before)
    np.testing.assert_allclose(values(weights), before - RATE * step, rtol=1e-5)


def test_gradients_are_not_changed():
    weights = weights_of(((3, 4), 1, 1))
    before = grad(weights).copy()
    updated(weights, weight_decay=0.3, momentum=0.9, iter_size=2)
    np.testing.assert_array_equal(grad(weights), before)


def test_multipliers_of_each_blob():
    weights = weights_of(((3, 4), 1, 1), ((4,), 2, 0), ((5,), 0, 1))
    before = [values(weights, key) for key in weights.params]
    updated(weights, weight_decay=0.3)
    first = before[0] - RATE * (grad(weights) + 0.3 * before[0])
    np.testing.assert_allclose(values(weights, "ip/0"), first, rtol=1e-5)
    second = before[1] - 2 * RATE * grad(weights, "ip/1")
    np.testing.assert_allclose(values(weights, "ip/1"), second, rtol=1e-5)
    np.testing.assert_array_equal(values(weights, "ip/2"), before[2])


def test_clips_the_summed_gradients_of_all_blobs_before_dividing_and_decay():
    weights = weights_of(((3, 4), 1, 1), ((4,), 2, 0))
    grads = [grad(weights, key).copy() for key in weights.params]
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    before = values(weights)
    updated(weights, clip_gradients=norm / 3, iter_size=2, weight_decay=0.3)
    step = grads[0] / 3 / 2 + 0.3 * before
    np.testing.assert_allclose(values(weights), before - RATE * step, rtol=1e-5)


def test_gradients_below_the_limit_stay():
    weights = weights_of(((3, 4), 1, 1))
    before = values(weights)
    updated(weights, clip_gradients=100)
    np.testing.assert_allclose(values(weights), before - RATE * grad(weights), rtol=1e-6)


def test_stretches_cover_all(monkeypatch):
    specs = [((37, 11), 1, 1), ((37,), 2, 0), ((129,), 1, 1)]
    whole, parts = weights_of(*specs), weights_of(*specs)
    updated(whole, momentum=0.9, weight_decay=0.1)
    monkeypatch.setattr(stretches, "_ELEMENTS_IN_CACHE", 48)
    updated(parts, momentum=0.9, weight_decay=0.1)
    np.testing.assert_array_equal(whole.data, parts.data)


def test_histories_come_back_in_the_order_of_the_layers():
    specs = [((2,), 2, 0), ((3, 4), 1, 1), ((5,), 0, 1)]
    weights = weights_of(*specs)
    saved = [h.copy() for h in updated(weights, momentum=0.9).saved()]
    assert [h.shape for h in saved] == [(2,), (3, 4), (5,)]
    assert saved[0].any() and saved[1].any() and not saved[2].any()
    other = Update(weights_of(*specs), SolverParameter(momentum=0.9))
    other.restore(saved)
    for mine, theirs in zip(other.saved(), saved, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_histories_of_four_axes_fit():
    update = Update(weights_of(((3, 4), 1, 1)), SolverParameter())
    update.restore([np.arange(12, dtype="f4").reshape(1, 1, 3, 4)])
    np.testing.assert_array_equal(update.saved()[0], np.arange(12).reshape(3, 4))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            [(3, 4), (3,)],
            "holds 2 history blobs, solver type 'SGD' needs 1 for this net;"
            " it is of another net or solver type",
        ),
        (
            [(4, 3)],
            "the history of weight blob 'ip/0' has the shape (4, 3), in the net (3, 4);"
            " it is of another net",
        ),
    ],
)
def test_histories_of_another_net(shapes, message):
    update = Update(weights_of(((3, 4), 1, 1)), SolverParameter())
    with pytest.raises(WeightsError) as error:
        update.restore([np.zeros(shape, "f4") for shape in shapes])
    assert str(error.value) == message


@pytest.mark.parametrize("name", ["SGD", "sgd", "Sgd"])
def test_letter_case_of_the_type_does_not_matter(name):
    assert Update(weights_of(((2,), 1, 1)), SolverParameter(type=name)).rule.type == "SGD"


def test_unknown_type():
    with pytest.raises(UnknownType) as error:
        Update(weights_of(((2,), 1, 1)), SolverParameter(type="SGDM"))
    assert str(error.value) == "no solver type 'SGDM'; did you mean 'SGD'?"


def test_unknown_regularization():
    with pytest.raises(ConfigError) as error:
        updated(weights_of(((2,), 1, 1)), weight_decay=0.1, regularization_type="L3")
    assert str(error.value) == "no regularization_type 'L3'; it is L1 or L2"


def test_regularization_that_is_not_used_may_have_any_name():
    updated(weights_of(((2,), 1, 1)), regularization_type="none")


def test_net_without_weights():
    assert updated(weights_of()).saved() == []

"""Each update rule against its formula in float64, over four iterations."""

import numpy as np
import pytest

from netdef.engines.threads import Threads
from netdef.errors import ConfigError
from netdef.proto import SolverParameter
from netdef.solvers import stretches
from netdef.solvers.rule import SOLVERS
from netdef.solvers.update import Update, checked_rule
from tests.solvers.test_update import grad, values, weights_of

RATES = (0.1, 0.2, 0.05, 0.07)
DECAY = 0.3
P, Q, DELTA, TRUST = 0.9, 0.75, 1e-3, 0.01
SPECS = [((37, 11), 1, 1), ((37,), 2, 0), ((129,), 1, 0.5)]


def norm(x):
    return np.sqrt((x**2).sum())


def sgd(w, g, h, rate, t, decay):
    h[0] = P * h[0] + rate * (g + decay * w)
    return w - h[0]


def nesterov(w, g, h, rate, t, decay):
    before = h[0]
    h[0] = P * before + rate * (g + decay * w)
    return w - (1 + P) * h[0] + P * before


def ada_grad(w, g, h, rate, t, decay):
    g = g + decay * w
    h[0] = h[0] + g**2
    return w - rate * g / (np.sqrt(h[0]) + DELTA)


def rmsprop(w, g, h, rate, t, decay):
    g = g + decay * w
    h[0] = Q * h[0] + (1 - Q) * g**2
    return w - rate * g / (np.sqrt(h[0]) + DELTA)


def ada_delta(w, g, h, rate, t, decay):
    g = g + decay * w
    h[0] = P * h[0] + (1 - P) * g**2
    d = g * np.sqrt((h[1] + DELTA) / (h[0] + DELTA))
    h[1] = P * h[1] + (1 - P) * d**2
    return w - rate * d


def moments(g, h):
    h[0] = P * h[0] + (1 - P) * g
    h[1] = Q * h[1] + (1 - Q) * g**2


def adam(w, g, h, rate, t, decay):
    moments(g + decay * w, h)
    correction = np.sqrt(1 - Q**t) / (1 - P**t)
    return w - rate * correction * h[0] / (np.sqrt(h[1]) + DELTA)


def direction(h, t):
    return h[0] / (1 - P**t) / (np.sqrt(h[1] / (1 - Q**t)) + DELTA)


def adam_w(w, g, h, rate, t, decay):
    moments(g, h)
    return w - rate * (direction(h, t) + decay * w)


def lars(w, g, h, rate, t, decay):
    trust = TRUST * norm(w) / (norm(g) + decay * norm(w))
    h[0] = P * h[0] + rate * trust * (g + decay * w)
    return w - h[0]


def lamb(w, g, h, rate, t, decay):
    moments(g, h)
    r = direction(h, t) + decay * w
    return w - rate * norm(w) / norm(r) * r


FORMULAS = {
    "SGD": (sgd, {"momentum": P}),
    "Nesterov": (nesterov, {"momentum": P}),
    "AdaGrad": (ada_grad, {"delta": DELTA}),
    "RMSProp": (rmsprop, {"rms_decay": Q, "delta": DELTA}),
    "AdaDelta": (ada_delta, {"momentum": P, "delta": DELTA}),
    "Adam": (adam, {"momentum": P, "momentum2": Q, "delta": DELTA}),
    "AdamW": (adam_w, {"momentum": P, "momentum2": Q, "delta": DELTA}),
    "LARS": (lars, {"momentum": P, "trust_coefficient": TRUST}),
    "LAMB": (lamb, {"momentum": P, "momentum2": Q, "delta": DELTA}),
}


def test_every_rule_is_tested():
    assert set(FORMULAS) == set(SOLVERS)


@pytest.mark.parametrize("decay", [0, DECAY])
@pytest.mark.parametrize("length", [48, 32 * 1024])
@pytest.mark.parametrize("name", FORMULAS)
def test_formula(monkeypatch, name, length, decay):
    monkeypatch.setattr(stretches, "_ELEMENTS_IN_CACHE", length)
    formula, fields = FORMULAS[name]
    weights = weights_of(*SPECS)
    update = Update(weights, SolverParameter(type=name, weight_decay=decay, **fields))
    expected = {key: values(weights, key).astype(float) for key in weights.params}
    history = {key: [0.0, 0.0] for key in weights.params}
    for t, rate in enumerate(RATES, 1):
        for i, key in enumerate(weights.params):
            grad(weights, key)[...] *= np.cos(t + i)
            _, lr_mult, decay_mult = SPECS[i]
            gradient = grad(weights, key).astype(float)
            expected[key] = formula(
                expected[key], gradient, history[key], rate * lr_mult, t, decay * decay_mult
            )
        update.apply(rate, t - 1)
    for key, exact in expected.items():
        np.testing.assert_allclose(values(weights, key), exact, rtol=2e-4, atol=2e-6)
    saved = iter(update.saved())
    for i in range(len(update.rule.histories)):
        for key in weights.params:
            np.testing.assert_allclose(next(saved), history[key][i], rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_number_of_threads_does_not_matter(monkeypatch, name):
    monkeypatch.setattr(stretches, "_ELEMENTS_IN_CACHE", 48)
    fields = FORMULAS[name][1] | {"clip_gradients": 1, "weight_decay": DECAY}
    arenas = []
    for count in (1, 3):
        monkeypatch.setattr(stretches, "of_this_machine", lambda c=count: Threads(c))
        weights = weights_of(*SPECS)
        update = Update(weights, SolverParameter(type=name, **fields))
        for iteration in range(2):
            update.apply(0.1, iteration)
        arenas.append(weights.data)
    np.testing.assert_array_equal(*arenas)


@pytest.mark.parametrize("name", ["LARS", "LAMB"])
def test_blobs_without_length_take_plain_steps(name):
    weights = weights_of(((3, 4), 1, 1))
    weights.data.fill(0)
    Update(weights, SolverParameter(type=name)).apply(0.1, 0)
    g = grad(weights)
    step = g if name == "LARS" else g / np.abs(g)
    np.testing.assert_allclose(values(weights), -0.1 * step, rtol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
def test_padding_between_blobs_stays_zero(name):
    weights = weights_of(((3,), 1, 1), ((5,), 1, 1))
    Update(weights, SolverParameter(type=name, **FORMULAS[name][1])).apply(0.1, 0)
    assert not weights.data[3:16].any() and not weights.data[21:].any()


@pytest.mark.parametrize("name", FORMULAS)
def test_any_letter_case(name):
    for spelling in (name, name.lower(), name.upper()):
        assert checked_rule(SolverParameter(type=spelling)).type == name


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"type": "AdaGrad", "momentum": 0.9},
            "type 'AdaGrad' takes no momentum, got 0.9; remove it",
        ),
        (
            {"type": "RMSProp", "momentum": 0.9},
            "type 'RMSProp' takes no momentum, got 0.9; remove it",
        ),
        ({"type": "RMSProp", "rms_decay": 1}, "rms_decay must be from 0 to below 1, got 1"),
        ({"type": "RMSProp", "rms_decay": -0.5}, "rms_decay must be from 0 to below 1, got -0.5"),
        ({"type": "AdaDelta", "momentum": 1}, "momentum must be from 0 to below 1, got 1"),
        ({"type": "Adam", "momentum": 1}, "momentum must be from 0 to below 1, got 1"),
        ({"type": "AdamW", "momentum2": 1}, "momentum2 must be from 0 to below 1, got 1"),
        ({"type": "LAMB", "momentum2": 1}, "momentum2 must be from 0 to below 1, got 1"),
        (
            {"type": "AdamW", "weight_decay": 1, "regularization_type": "L1"},
            "type 'AdamW' decays by L2 only; remove regularization_type",
        ),
    ],
)
def test_fields_that_a_rule_cannot_take(fields, message):
    with pytest.raises(ConfigError) as error:
        checked_rule(SolverParameter(**fields))
    assert str(error.value) == message

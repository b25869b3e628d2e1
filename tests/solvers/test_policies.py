import math

import pytest

from netdef.errors import ConfigError, UnknownType
from netdef.proto import SolverParameter
from netdef.solvers.policies import POLICIES, Schedule

FIELDS = {
    "fixed": {},
    "step": {"gamma": 0.5, "stepsize": 4},
    "exp": {"gamma": 0.75},
    "inv": {"gamma": 0.25, "power": 0.75},
    "multistep": {"gamma": 0.5, "stepvalue": [3, 5]},
    "poly": {"power": 2, "max_iter": 20},
    "sigmoid": {"gamma": -0.5, "stepsize": 6},
}
FORMULAS = {
    "fixed": lambda i: 2.0,
    "step": lambda i: 2 * 0.5 ** (i // 4),
    "exp": lambda i: 2 * 0.75**i,
    "inv": lambda i: 2 * (1 + 0.25 * i) ** -0.75,
    "multistep": lambda i: 2 * 0.5 ** ((i >= 3) + (i >= 5)),
    "poly": lambda i: 2 * (1 - i / 20) ** 2,
    "sigmoid": lambda i: 2 / (1 + math.exp(0.5 * (i - 6))),
}


def schedule(policy, **fields):
    return Schedule(SolverParameter(base_lr=2, lr_policy=policy, **fields))


def test_every_policy_is_tested():
    assert set(FIELDS) == set(FORMULAS) == set(POLICIES)


@pytest.mark.parametrize("policy", FORMULAS)
def test_rate_follows_the_formula(policy):
    lr = schedule(policy, **FIELDS[policy])
    rates = [lr.begin(i) for i in range(21)]
    assert rates == pytest.approx([FORMULAS[policy](i) for i in range(21)], rel=1e-12)


@pytest.mark.parametrize("policy", FORMULAS)
def test_asking_for_the_rate_changes_nothing(policy):
    lr = schedule(policy, **FIELDS[policy])
    for i in range(12):
        assert lr.rate(i) == lr.rate(i) == lr.begin(i)


def test_current_step_of_step_and_multistep():
    step, multistep = (schedule(p, **FIELDS[p]) for p in ("step", "multistep"))
    seen = []
    for i in range(9):
        step.begin(i), multistep.begin(i)
        seen.append((step.current_step, multistep.current_step))
    assert [s for s, _ in seen] == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert [m for _, m in seen] == [0, 0, 0, 1, 1, 2, 2, 2, 2]


def test_multistep_goes_on_from_a_restored_step():
    lr = schedule("multistep", **FIELDS["multistep"])
    lr.current_step = 1
    assert [lr.begin(i) for i in (4, 5, 6)] == [1.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("policy", "fields", "rate"),
    [("sigmoid", {"gamma": 1, "stepsize": 5000}, 0.0), ("exp", {"gamma": 10}, math.inf)],
)
def test_rates_out_of_range_are_0_or_infinite(policy, fields, rate):
    assert schedule(policy, **fields).rate(0 if policy == "sigmoid" else 5000) == rate


@pytest.mark.parametrize(
    ("policy", "missing"),
    [(p, f) for p, fields in FIELDS.items() for f in fields],
)
def test_missing_field_is_named(policy, missing):
    fields = {name: value for name, value in FIELDS[policy].items() if name != missing}
    with pytest.raises(ConfigError) as error:
        schedule(policy, **fields)
    assert str(error.value) == f"lr_policy '{policy}' needs {missing}, which is not set"


def test_missing_base_lr():
    with pytest.raises(ConfigError) as error:
        Schedule(SolverParameter(lr_policy="fixed"))
    assert str(error.value) == "lr_policy 'fixed' needs base_lr, which is not set"


def test_missing_policy():
    with pytest.raises(ConfigError) as error:
        Schedule(SolverParameter(base_lr=1))
    assert str(error.value) == (
        "lr_policy is not set; it is one of fixed, step, exp, inv, multistep, poly, sigmoid"
    )


def test_unknown_policy():
    with pytest.raises(UnknownType) as error:
        schedule("multi_step")
    assert str(error.value) == "no lr_policy 'multi_step'; did you mean 'multistep'?"


@pytest.mark.parametrize(
    ("policy", "fields", "message"),
    [
        ("step", {"gamma": 1, "stepsize": 0}, "stepsize must be at least 1, got 0"),
        ("poly", {"power": 1, "max_iter": 0}, "max_iter must be at least 1, got 0"),
    ],
)
def test_lengths_below_1(policy, fields, message):
    with pytest.raises(ConfigError) as error:
        schedule(policy, **fields)
    assert str(error.value) == message


def test_poly_ends_at_max_iter():
    lr = schedule("poly", power=1, max_iter=20)
    assert lr.rate(20) == 0
    with pytest.raises(ConfigError) as error:
        lr.rate(21)
    assert str(error.value) == (
        "lr_policy 'poly' ends at max_iter 20, iteration 21 is past it; raise max_iter"
    )

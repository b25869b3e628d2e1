import math

import pytest

from netdef.errors import ConfigError, UnknownType
from netdef.proto import SolverParameter
from netdef.solvers.policies import POLICIES
from netdef.solvers.schedule import Schedule, rates

FIELDS = {
    "fixed": {},
    "step": {"gamma": 0.5, "stepsize": 4},
    "exp": {"gamma": 0.75},
    "inv": {"gamma": 0.25, "power": 0.75},
    "multistep": {"gamma": 0.5, "stepvalue": [3, 5]},
    "poly": {"power": 2, "max_iter": 20},
    "sigmoid": {"gamma": -0.5, "stepsize": 6},
    "cosine": {"max_iter": 20},
    "onecycle": {"max_iter": 20, "onecycle_rise": 0.25, "onecycle_start": 0.5},
    "plateau": {"gamma": 0.5, "plateau_winsize": [2, 3]},
}
FORMULAS = {
    "fixed": lambda i: 2.0,
    "step": lambda i: 2 * 0.5 ** (i // 4),
    "exp": lambda i: 2 * 0.75**i,
    "inv": lambda i: 2 * (1 + 0.25 * i) ** -0.75,
    "multistep": lambda i: 2 * 0.5 ** ((i >= 3) + (i >= 5)),
    "poly": lambda i: 2 * (1 - i / 20) ** 2,
    "sigmoid": lambda i: 2 / (1 + math.exp(0.5 * (i - 6))),
    "cosine": lambda i: 1 + math.cos(math.pi * i / 20),
    "onecycle": lambda i: (
        1.5 - 0.5 * math.cos(math.pi * i / 5) if i < 5 else 1 + math.cos(math.pi * (i - 5) / 15)
    ),
    "plateau": lambda i: 2,
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
    [(p, f) for p, fields in FIELDS.items() for f in fields if not f.startswith("onecycle_")],
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
        "lr_policy is not set; it is one of fixed, step, exp, inv, multistep, poly, sigmoid,"
        " cosine, onecycle, plateau"
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
        ("cosine", {"max_iter": 0}, "max_iter must be at least 1, got 0"),
        ("onecycle", {"max_iter": -1}, "max_iter must be at least 1, got -1"),
        (
            "onecycle",
            {"max_iter": 9, "onecycle_rise": 1},
            "onecycle_rise must be from 0 to below 1, got 1",
        ),
        (
            "plateau",
            {"gamma": 1, "plateau_winsize": [3, 0]},
            "plateau_winsize must be at least 1, got 0",
        ),
        ("fixed", {"warmup_iter": -1}, "warmup_iter must be at least 0, got -1"),
    ],
)
def test_values_out_of_range(policy, fields, message):
    with pytest.raises(ConfigError) as error:
        schedule(policy, **fields)
    assert str(error.value) == message


@pytest.mark.parametrize("policy", ["poly", "cosine", "onecycle"])
def test_policies_that_end_at_max_iter(policy):
    lr = schedule(policy, power=1, max_iter=20)
    assert lr.rate(20) == 0
    with pytest.raises(ConfigError) as error:
        lr.rate(21)
    assert str(error.value) == (
        f"lr_policy '{policy}' ends at max_iter 20, iteration 21 is past it; raise max_iter"
    )


@pytest.mark.parametrize("policy", ["cosine", "onecycle"])
def test_lowest_rate(policy):
    assert schedule(policy, max_iter=20, min_lr=0.5).rate(20) == pytest.approx(0.5)


def test_onecycles_own_fields():
    lr = schedule("onecycle", max_iter=20, onecycle_rise=0.5, onecycle_start=0.25)
    assert [lr.rate(i) for i in (0, 5, 10, 15)] == pytest.approx([0.5, 1.25, 2, 1])
    assert schedule("onecycle", max_iter=20).rate(0) == pytest.approx(0.08)


def test_a_cycle_that_only_falls():
    lr = schedule("onecycle", max_iter=20, onecycle_rise=0)
    assert [lr.rate(i) for i in (0, 10, 20)] == pytest.approx([2, 1, 0])


@pytest.mark.parametrize("policy", FORMULAS)
def test_warm_up_in_front_of_any_policy(policy):
    lr = schedule(policy, **FIELDS[policy], warmup_iter=4, warmup_start_lr=0.5)
    found = [lr.begin(i) for i in range(21)]
    plain = [FORMULAS[policy](i) for i in range(21)]
    rising = [0.5 + (plain[i] - 0.5) * i / 4 for i in range(4)]
    assert found == pytest.approx(rising + plain[4:])


def test_a_plateau_takes_its_windows_one_after_the_other():
    lr = schedule("plateau", gamma=0.5, plateau_winsize=[2, 3])
    lowered = [lr.stand_still(n) for n in (1, 2, 2, 3, 9)]
    assert lowered == [False, True, False, True, False]
    assert lr.current_step == 2 and lr.rate(0) == 0.5


def test_the_lowest_rate_of_a_plateau():
    lr = schedule("plateau", gamma=0.1, plateau_winsize=[1], min_lr=0.5)
    assert lr.stand_still(1) and lr.rate(0) == 0.5


def test_other_policies_do_not_mind_a_standstill():
    lr = schedule("multistep", **FIELDS["multistep"], plateau_winsize=[1])
    assert not lr.stand_still(9) and lr.current_step == 0


@pytest.mark.parametrize("policy", FORMULAS)
def test_rates_of_all_iterations(policy):
    param = SolverParameter(base_lr=2, lr_policy=policy, **{**FIELDS[policy], "max_iter": 20})
    expected = [FORMULAS[policy](i) for i in range(20)]
    assert rates(param) == pytest.approx(expected)
    assert rates(param, 5, 9) == pytest.approx(expected[5:9])

"""Where results of a formula are laid, and that no value is overwritten that is still read."""

import numpy as np
import pytest

from netdef.formula import compile_formula, needed
from netdef.proto import SolverParameter
from netdef.solvers.in_place import calls_of
from netdef.solvers.method import MEASURED, method_of
from netdef.solvers.rule import SOLVERS

NUMBERS = dict(rate=0.25, decay=0.5, scale=0.5)
NUMBERS |= dict(corrected_rate=0.25, kept=0.75, unbiased=1.5, biased_delta=0.125)


def laid_out(text, changed, kept=()):
    return calls_of(compile_formula(text, {}), changed, kept)


def computed(calls, arrays):
    """Return the arrays, and those of the kept names, after the calls."""
    arrays = {name: np.array(values, "f4") for name, values in arrays.items()}
    size = len(next(iter(arrays.values())))
    rooms = np.full((calls.rooms, size), np.nan, "f4")
    for function, operands in calls.on(
        arrays, {k: np.float32(v) for k, v in NUMBERS.items()}, rooms
    ):
        function(*operands)
    places = {n: rooms[p] if isinstance(p, int) else arrays[p] for n, p in calls.places.items()}
    return {**arrays, **places}


def by_hand(formula, arrays):
    """Compute each line anew, with nothing overwritten."""
    values = {name: np.array(a, "f4") for name, a in arrays.items()}
    values |= {name: np.float32(n) for name, n in NUMBERS.items()}
    for line in formula:
        results = []

        def of(operand, results=results):
            if isinstance(operand, str):
                return values[operand]
            return np.float32(operand) if isinstance(operand, float) else results[operand.operation]

        for operation in line.expression.operations:
            results.append(getattr(np, operation.function)(*map(of, operation.operands)))
        values[line.name] = of(line.expression.value)
    return values


def test_momentum_needs_one_room():
    calls = laid_out("h = rate * h + scale * g\nw = w - h", ["w", "h"])
    assert calls.calls == (
        ("multiply", ("rate", "h", "h")),
        ("multiply", ("scale", "g", 0)),
        ("add", ("h", 0, "h")),
        ("subtract", ("w", "h", "w")),
    )
    assert calls.rooms == 1


def test_a_value_that_is_read_again_stays():
    calls = laid_out("a = w * w\nw = a + w\nh = a + w", ["w", "h"])
    found = computed(calls, {"w": [3], "h": [0]})
    assert (found["w"], found["h"]) == (12, 21)


def test_an_array_that_may_not_change_stays():
    calls = laid_out("g = 2 * g\nw = w - g", ["w"])
    found = computed(calls, {"w": [3], "g": [1]})
    assert (found["w"], found["g"]) == (1, 1)


def test_a_bare_name_is_copied():
    found = computed(laid_out("h = w", ["h"]), {"w": [3], "h": [0]})
    assert found["h"] == 3


@pytest.mark.parametrize("changed", [["w", "h"], ["h", "w"]])
def test_a_value_that_was_is_copied_before_it_is_no_more(changed):
    found = computed(laid_out("h = w\nw = w - g", changed), {"w": [3], "h": [0], "g": [1]})
    assert (found["h"], found["w"]) == (3, 2)


def test_kept_names_are_there_at_the_end():
    calls = laid_out("other = w * scale\nw = w - other * other", ["w"], ["w", "other"])
    found = computed(calls, {"w": [4]})
    assert (found["w"], found["other"]) == (0, 2)


@pytest.mark.parametrize("name", list(SOLVERS))
@pytest.mark.parametrize("decay", [0, 0.5])
@pytest.mark.parametrize("is_scaled", [False, True])
def test_every_rule(name, decay, is_scaled):
    rule = SOLVERS[name](SolverParameter(type=name, weight_decay=decay, momentum=0.5))
    method = method_of(rule, rule.param)
    method = method if is_scaled else method.knowing(scale=1)
    rng = np.random.default_rng(0)
    arrays = {n: rng.uniform(0.1, 1, 5) for n in ("w", "grad", *rule.histories)}
    phases = [(method.change, ())]
    phases += [(method.measure, MEASURED)] if method.measure_text else []
    for formula, kept in phases:
        calls = calls_of(needed(formula, (*method.changed, *kept)), method.changed, kept)
        found, expected = computed(calls, arrays), by_hand(formula, arrays)
        for array in (*method.changed, "grad", *kept):
            np.testing.assert_array_equal(found[array], expected[array], array)

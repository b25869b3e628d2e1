"""Expressions as passes: the fewest, and what they compute."""

import numpy as np
import pytest

from netdef.engines.onednn.passes import NotInPasses, Pass, Step, passes_of
from netdef.expression import compile_expression

SMALL = {"m", "n", "wide"}
FUNCTIONS = {"log_of_1_and_exp": lambda x: np.log1p(np.exp(x))}
random = np.random.default_rng(0)
ARRAYS = {name: random.standard_normal((4, 5)) for name in ("a", "b", "c", "dy", "x", "y")}
ARRAYS |= {name: 2 + random.random(5) for name in SMALL}


def compiled(text, last=()):
    expression = compile_expression(text, {"ratio": 0.5})
    return passes_of(expression, ARRAYS.keys() - SMALL, last)


def computed(found):
    """Return what passes compute, by NumPy."""
    arrays = dict(ARRAYS)
    for small in found.small:
        operands = [arrays.get(o, o) for o in small.operation.operands]
        assert all(np.shape(o) in ((), (5,)) for o in operands)
        arrays[small.name] = getattr(np, small.operation.function)(*operands)
    for each in found.passes:
        value = arrays[each.start]
        assert value.shape == (4, 5)
        for step in each.steps:
            function = FUNCTIONS.get(step.function) or getattr(np, step.function)
            operand = step.operand
            given = () if operand is None else (arrays.get(operand, operand),)
            value = function(value, *given).astype(float)
        arrays[each.into] = value
    return arrays[""]


@pytest.mark.parametrize(
    ("text", "start", "steps"),
    [
        ("x", "x", []),
        ("maximum(x, 0)", "x", [("maximum", 0)]),
        ("maximum(2, x)", "x", [("maximum", 2)]),
        ("2 * x - 1", "x", [("multiply", 2), ("add", -1)]),
        ("1 - x", "x", [("multiply", -1), ("add", 1)]),
        ("x / 4", "x", [("multiply", 0.25)]),
        ("a + b + c", "a", [("add", "b"), ("add", "c")]),
        ("c / (a / b)", "c", [("divide", "a"), ("multiply", "b")]),
        ("2 / x", "x", [("reciprocal",), ("multiply", 2)]),
        ("a + (b * c - x)", "b", [("multiply", "c"), ("add", "a"), ("subtract", "x")]),
        ("a - (b * c - x)", "b", [("multiply", "c"), ("multiply", -1), ("add", "a"), ("add", "x")]),
        ("dy * (y > 0)", "y", [("greater", 0), ("multiply", "dy")]),
        ("dy * (0 > y)", "y", [("less", 0), ("multiply", "dy")]),
        ("m * x - wide", "x", [("multiply", "m"), ("subtract", "wide")]),
        ("m >= x", "x", [("less_equal", "m")]),
        ("0.5 * tanh(x) + 0.5", "x", [("tanh",), ("multiply", 0.5), ("add", 0.5)]),
        ("abs(x) ** 3", "x", [("abs",), ("power", 3)]),
        ("log1p(exp(-x)) / y", "x", [("multiply", -1), ("log_of_1_and_exp",), ("divide", "y")]),
        ("dy * (1 - y)", "y", [("multiply", -1), ("add", 1), ("multiply", "dy")]),
        ("where(x > 0, x, y)", None, None),
        ("log1p(x)", None, None),
        ("power(a, b)", None, None),
        ("exp(wide)", None, None),
        ("3", None, None),
    ],
)  # fmt: skip
def test_one_pass(text, start, steps):
    if start is None:
        with pytest.raises(NotInPasses):
            compiled(text)
        return
    found = compiled(text)
    assert found.passes == (Pass(start, tuple(Step(*s) for s in steps)),)
    assert found.small == ()
    np.testing.assert_allclose(computed(found), expected(text))


def expected(text):
    names = {n: getattr(np, n) for n in ("maximum", "minimum", "exp", "tanh", "log1p", "square")}
    names |= {n: getattr(np, n) for n in ("sqrt", "log", "sign", "abs")} | dict(ratio=0.5)
    return eval(text, names | ARRAYS)


@pytest.mark.parametrize(
    ("text", "small", "passes"),
    [
        ("x * exp(m / n)", 2, 1),
        ("x - m / 4 + n * y", 1, 1),
        ("a * b + c * x", 0, 2),
        ("(a + b) * (a - b)", 0, 2),
        ("(x + y) * (x + y)", 0, 2),
        ("square(x + y) / (x + y)", 0, 2),
        ("dy * (y > 0) * (y < ratio)", 0, 2),
        ("dy * sign(x * y)", 0, 3),
        ("-(a * b) - (c - x * y) * m", 0, 2),
        ("maximum(x, 0) + 0.3 * (exp(minimum(x, 0)) - 1)", 0, 2),
        ("a / (b * b + 1) / (c / (x * x + 2))", 0, 2),
        ("x * sqrt(2)", 1, 1),
        ("(dy - m / 4 - y * (n / 4)) * wide", 2, 1),
        ("x * tanh(y) * (1 - tanh(y) * tanh(y)) * (wide + tanh(m))", 2, 2),
    ],
)
def test_several_passes(text, small, passes):
    found = compiled(text)
    assert (len(found.small), len(found.passes)) == (small, passes)
    rooms = [p.into for p in found.passes]
    assert rooms[-1] == "" and len(set(rooms)) == passes
    np.testing.assert_allclose(computed(found), expected(text), rtol=1e-12)


def test_what_is_added_to_comes_last():
    found = compiled("a * b + c * x", last=(Step("add", "y"),))
    assert found.passes[-1].steps[-1] == Step("add", "y")
    np.testing.assert_allclose(computed(found), expected("a * b + c * x + y"))


def test_small_results_that_nobody_reads_are_left_out():
    assert compiled("x * 2 + (m - m) * 0 * y").small != ()
    assert compiled("x * m").small == ()


def test_what_rounds_nothing():
    assert all(p.is_exact for p in compiled("dy * sign(x) * (y < 1)").passes[:-1])
    assert not compiled("(x + y) * (x - y)").passes[0].is_exact

"""Expressions as a value changed step by step."""

import pytest

from netdef.engines.onednn.chains import Chain, Step, chain_of
from netdef.expression import compile_expression


def chain(text):
    return chain_of(compile_expression(text, {"ratio": 0.5}))


@pytest.mark.parametrize(
    ("text", "start", "steps"),
    [
        ("x", "x", []),
        ("maximum(x, 0)", "x", [("maximum", 0)]),
        ("2 * x - 1", "x", [("multiply", 2), ("subtract", 1)]),
        ("a + b + c", "a", [("add", "b"), ("add", "c")]),
        ("c / (a / b)", None, []),
        ("a + (b * c - d)", "b", [("multiply", "c"), ("subtract", "d"), ("add", "a")]),
        ("x + x * y", "x", [("multiply", "y"), ("add", "x")]),
        ("dy * (y > 0)", "dy", [("keep", "y")]),
        ("(y > 0) * dy", "dy", [("keep", "y")]),
        ("(a + b) * (y > 0) * 3", "a", [("add", "b"), ("keep", "y"), ("multiply", 3)]),
        ("x * (z >= ratio) * 2", "z", [("greater_equal", 0.5), ("multiply", "x"), ("multiply", 2)]),
        ("x * (z > y)", "z", [("greater", "y"), ("multiply", "x")]),
        ("a * b * (z >= ratio)", None, []),
        ("(a + b) * (a - b)", None, []),
        ("square(x + y)", None, []),
        ("(x + y) * (x + y)", None, []),
        ("2 - x", None, []),
        ("y - (x + 1)", None, []),
        ("exp(x)", None, []),
        ("where(x > 0, x, y)", None, []),
        ("x > y", None, []),
        ("x + (y > 0)", None, []),
        ("x * (0 < y)", None, []),
        ("(x > 0) * (y > 0)", None, []),
        ("x * (x + y > 0)", None, []),
        ("3", None, []),
    ],
)
def test_chains(text, start, steps):
    expected = None if start is None else Chain(start, tuple(Step(*s) for s in steps))
    assert chain(text) == expected

import numpy as np
import pytest

from netdef.engines import Scratch
from netdef.engines.numpy import NumpyEngine
from netdef.errors import SchemaError
from netdef.expression import _BINARY, _COMPARE, FUNCTIONS, c_statements, compile_expression

RNG = np.random.default_rng(0)
ARRAYS = {"x": RNG.standard_normal((3, 4)), "y": RNG.random((3, 4)) + 0.5}


class Fresh(Scratch):
    def take(self, shape, dtype):
        return np.full(shape, 77).astype(dtype)


def value(text, **numbers):
    out = np.full((3, 4), np.nan)
    engine = NumpyEngine(scratch=Fresh())
    arrays = {name: array for name, array in ARRAYS.items() if name in text}
    engine.prepare("map", dict(arrays, out=out), dict(expression=text, numbers=numbers))()
    return out


GOLDEN = [
    (
        "maximum(x, 0)",
        {},
        "T r0 = (x >= T(0.0)) ? T(x) : (x < T(0.0)) ? T(T(0.0)) : T(x) + T(T(0.0)); y = r0;",
    ),
    (
        "log1p(x) / log(2 - x)",
        {},
        "T r0 = log1p(x); T r1 = T(2.0) - x; T r2 = log(r1); T r3 = r0 / r2; y = r3;",
    ),
    ("x", {}, "y = x;"),
    ("2", {}, "y = T(2.0);"),
    ("a * x + b", {"a": 2.0, "b": 0.5}, "T r0 = T(2.0) * x; T r1 = r0 + T(0.5); y = r1;"),
    ("dy * (x > 0)", {}, "bool r0 = x > T(0.0); T r1 = dy * r0; y = r1;"),
    (
        "where(x >= 0, x, slope * x)",
        {"slope": 0.1},
        "bool r0 = x >= T(0.0); T r1 = T(0.1) * x; T r2 = (r0) ? T(x) : T(r1); y = r2;",
    ),
    ("x ** 2 - -x", {}, "T r0 = (x) * (x); T r1 = -(x); T r2 = r0 - r1; y = r2;"),
    ("1 * (x < 3)", {}, "bool r0 = x < T(3.0); y = r0;"),
    ("x ** 0.5", {}, "T r0 = sqrt(x); y = r0;"),
    ("power(x, p)", {"p": -1}, "T r0 = 1 / (x); y = r0;"),
    ("power(x, p)", {"p": 1}, "y = x;"),
    ("power(x, p)", {"p": 0.75}, "T r0 = pow(T(x), T(T(0.75))); y = r0;"),
    (
        "abs(x) + sign(x)",
        {},
        "T r0 = fabs(x); T r1 = T((x) > 0) - T((x) < 0); T r2 = r0 + r1; y = r2;",
    ),
    (
        "minimum(tanh(x), exp(x))",
        {},
        "T r0 = tanh(x); T r1 = exp(x);"
        " T r2 = (r0 <= r1) ? T(r0) : (r0 > r1) ? T(r1) : T(r0) + T(r1); y = r2;",
    ),
    (
        "(x != 1) == (x <= 2)",
        {},
        "bool r0 = x != T(1.0); bool r1 = x <= T(2.0); bool r2 = r0 == r1; y = r2;",
    ),
]


def test_every_function_has_its_text():
    compiled = (compile_expression(text, numbers) for text, numbers, _ in GOLDEN)
    written = {operation.function for found in compiled for operation in found.operations}
    operators = {*_BINARY.values(), *_COMPARE.values(), "negative"}
    assert written == operators | set(FUNCTIONS)


@pytest.mark.parametrize(("text", "numbers", "statements"), GOLDEN)
def test_statements_of_c(text, numbers, statements):
    assert c_statements(compile_expression(text, numbers), "y =") == statements


def test_names_of_arrays_may_be_words_of_c():
    text = c_statements(compile_expression("new * i", {}), "y =", prefix="of_")
    assert text == "T r0 = of_new * of_i; y = r0;"


def test_what_is_added():
    assert c_statements(compile_expression("x * x", {}), "y +=") == "T r0 = x * x; y += r0;"


def test_numbers_are_folded():
    assert compile_expression("1 / (2 + a) ** 2 * -4", {"a": 2.0}).value == -0.25


def test_equal_parts_are_computed_once():
    functions = [o.function for o in compile_expression("exp(x) * exp(x) + exp(x)", {}).operations]
    assert functions == ["exp", "multiply", "add"]


X, Y = ARRAYS["x"], ARRAYS["y"]
VALUES = {
    "x + y - x * y / 2": X + Y - X * Y / 2,
    "x ** 2 + y ** 1.5 + y ** -1 + y ** 0.5": X**2 + Y**1.5 + 1 / Y + np.sqrt(Y),
    "-x": -X,
    "where(x > y, x, y)": np.maximum(X, Y),
    "where(x < 0, 1, 2)": np.where(X < 0, 1, 2),
    "(x > 0) + (x >= 0) + (y < 1) + (y <= 1) + (x == y) + (x != y)": (
        2.0 * (X > 0) + 2.0 * (Y < 1) + 1
    ),
    "exp(x) + log(y) + sqrt(y) + tanh(x)": np.exp(X) + np.log(Y) + np.sqrt(Y) + np.tanh(X),
    "abs(x) + sign(x) + square(x) + reciprocal(y)": np.abs(X) + np.sign(X) + X**2 + 1 / Y,
    "-(x > 0) + exp(y > 1)": np.where(Y > 1, np.e, 1) - (X > 0),
    "log1p(y) + maximum(x, y) + minimum(x, 0)": np.log1p(Y) + np.maximum(X, Y) + np.minimum(X, 0),
    "power(y, x)": Y**X,
}


@pytest.mark.parametrize("text", VALUES)
def test_values(text):
    np.testing.assert_allclose(value(text), VALUES[text], rtol=1e-12)


def test_every_function_is_tried():
    assert all(any(f"{name}(" in text for text in VALUES) for name in FUNCTIONS)


def test_named_numbers():
    np.testing.assert_allclose(value("a * x + b", a=3.0, b=-1.0), 3 * X - 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sin(x)", "sin with 1 operands is no function of ops.map"),
        ("maximum(x)", "maximum with 1 operands is no function of ops.map"),
        ("x.real(y)", " with 1 operands is no function of ops.map"),
        ("x and y", "BoolOp is not in the language of ops.map: x and y"),
        ("x[0]", "Subscript is not in the language of ops.map: x[0]"),
        ("x if y else 0", "IfExp is not in the language of ops.map: x if y else 0"),
        ("x % 2", "Mod is not in the language of ops.map: x % 2"),
        ("~x", "Invert is not in the language of ops.map: ~x"),
        ("0 < x < 1", "a chain of comparisons is not in the language of ops.map: 0 < x < 1"),
        ("x in y", "In is not in the language of ops.map: x in y"),
        ("x + 'a'", "'a' is not in the language of ops.map: x + 'a'"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(SchemaError) as caught:
        compile_expression(text, {})
    assert str(caught.value) == message

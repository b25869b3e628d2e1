"""The language of ``ops.map``: one elementwise formula, for every device.

Python's arithmetic (``+ - * / **``), comparisons, ``where(condition, a, b)`` and the
functions in ``FUNCTIONS``, over names of arrays and numbers. ``compile_expression`` turns
it into a few operations on registers, which NumPy runs block by block and from which the
text of a GPU kernel is made.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from netdef.errors import SchemaError

FUNCTIONS = {
    "exp": 1, "log": 1, "sqrt": 1, "tanh": 1, "abs": 1, "sign": 1, "square": 1, "reciprocal": 1,
    "log1p": 1, "maximum": 2, "minimum": 2, "power": 2, "where": 3,
}  # fmt: skip
_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}
_COMPARE = {
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_FOLD: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARISONS = frozenset(_COMPARE.values())


@dataclass(frozen=True)
class Result:
    """What the operation of that number gave."""

    operation: int


Operand = str | float | Result
"""An array's name, a number, or the result of an earlier operation."""


@dataclass(frozen=True)
class Operation:
    """One function of NumPy's name applied to operands."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class Expression:
    """Operations in order; the value is the last one's. Empty for a bare name or number."""

    operations: tuple[Operation, ...]
    value: Operand


def compile_expression(text: str, numbers: Mapping[str, float]) -> Expression:
    """Turn an expression's text into operations, with named numbers put in.

    Raises:
        SchemaError: the text is not in the language (a bug of the layer).
    """
    return _compile(text, tuple(sorted(numbers.items())))


@lru_cache(maxsize=1024)
def _compile(text: str, numbers: tuple[tuple[str, float], ...]) -> Expression:
    compiler = _Compiler(dict(numbers), text)
    value = compiler.visit(ast.parse(text, mode="eval").body)
    return Expression(tuple(compiler.operations), value)


class _Compiler(ast.NodeVisitor):
    def __init__(self, numbers: dict[str, float], text: str) -> None:
        self.numbers, self.text = numbers, text
        self.operations: list[Operation] = []

    def emit(self, function: str, *operands: Operand) -> Operand:
        operation = Operation(function, operands)
        if operation not in self.operations:
            self.operations.append(operation)
        return Result(self.operations.index(operation))

    def visit_Name(self, node: ast.Name) -> Operand:
        return self.numbers.get(node.id, node.id)

    def visit_Constant(self, node: ast.Constant) -> Operand:
        if not isinstance(node.value, int | float):
            raise self.stranger(repr(node.value))
        return float(node.value)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Operand:
        if not isinstance(node.op, ast.USub):
            raise self.stranger(type(node.op).__name__)
        value = self.visit(node.operand)
        return -value if isinstance(value, float) else self.emit("negative", value)

    def visit_BinOp(self, node: ast.BinOp) -> Operand:
        if type(node.op) not in _BINARY:
            raise self.stranger(type(node.op).__name__)
        left: Operand = self.visit(node.left)
        right: Operand = self.visit(node.right)
        if isinstance(left, float) and isinstance(right, float):
            return _FOLD[type(node.op)](left, right)
        if isinstance(node.op, ast.Pow):
            return self.power(left, right)
        if isinstance(node.op, ast.Mult) and left == 1.0:
            return right
        if isinstance(node.op, ast.Mult) and right == 1.0:
            return left
        return self.emit(_BINARY[type(node.op)], left, right)

    def visit_Compare(self, node: ast.Compare) -> Operand:
        if len(node.ops) > 1:
            raise self.stranger("a chain of comparisons")
        if type(node.ops[0]) not in _COMPARE:
            raise self.stranger(type(node.ops[0]).__name__)
        left, right = self.visit(node.left), self.visit(node.comparators[0])
        return self.emit(_COMPARE[type(node.ops[0])], left, right)

    def visit_Call(self, node: ast.Call) -> Operand:
        name = getattr(node.func, "id", "")
        operands = [self.visit(a) for a in node.args]
        if FUNCTIONS.get(name) != len(operands):
            raise SchemaError(f"{name} with {len(operands)} operands is no function of ops.map")
        return self.power(*operands) if name == "power" else self.emit(name, *operands)

    def generic_visit(self, node: ast.AST) -> Operand:
        raise self.stranger(type(node).__name__)

    def stranger(self, what: str) -> SchemaError:
        return SchemaError(f"{what} is not in the language of ops.map: {self.text}")

    def power(self, base: Operand, exponent: Operand) -> Operand:
        """Write powers that have a function of their own as that: as exact, and faster."""
        if exponent == 1.0:
            return base
        for known, function in ((2.0, "square"), (0.5, "sqrt"), (-1.0, "reciprocal")):
            if exponent == known:
                return self.emit(function, base)
        return self.emit("power", base, exponent)


_C_BINARY = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "greater": ">",
    "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
_C_CALL = {
    "negative": "-({0})",
    "square": "({0}) * ({0})",
    "reciprocal": "1 / ({0})",
    "sign": "T(({0}) > 0) - T(({0}) < 0)",
    # Written out, for CUDA's max and min leave out what is not a number.
    "maximum": "({0} >= {1}) ? T({0}) : ({0} < {1}) ? T({1}) : T({0}) + T({1})",
    "minimum": "({0} <= {1}) ? T({0}) : ({0} > {1}) ? T({1}) : T({0}) + T({1})",
    "power": "pow(T({0}), T({1}))",
    "where": "({0}) ? T({1}) : T({2})",
    "abs": "fabs({0})",
}


def c_statements(expression: Expression, result: str, prefix: str = "") -> str:
    """Write the expression as statements of C++ over scalars of type ``T``.

    ``prefix`` stands before the arrays' names, which may be words of C++ or CuPy.
    """

    def name(operand: Operand) -> str:
        if isinstance(operand, float):
            return f"T({operand!r})"
        if isinstance(operand, Result):
            return f"r{operand.operation}"
        return prefix + operand

    lines = []
    for i, operation in enumerate(expression.operations):
        operands = [name(o) for o in operation.operands]
        if operation.function in _C_BINARY:
            value = f" {_C_BINARY[operation.function]} ".join(operands)
        else:
            value = _C_CALL.get(operation.function, operation.function + "({0})").format(*operands)
        kind = "bool" if operation.function in COMPARISONS else "T"
        lines.append(f"{kind} r{i} = {value};")
    return " ".join([*lines, f"{result} {name(expression.value)};"])

"""Expressions that are one value changed step by step, which oneDNN computes in few passes."""

from collections.abc import Iterator
from dataclasses import dataclass

from netdef.expression import COMPARISONS, Expression, Operand, Operation, Result

_COMMUTING = {"add", "multiply", "maximum", "minimum"}
_FUNCTIONS = _COMMUTING | {"subtract", "divide"}


@dataclass(frozen=True)
class Step:
    """The value and an array or a number through a function; ``keep``: 0 where it is not > 0."""

    function: str
    operand: str | float


@dataclass(frozen=True)
class Chain:
    """An array, and what is done to its numbers one after the other."""

    start: str
    steps: tuple[Step, ...]

    def plus(self, name: str) -> "Chain":
        """Return this chain with an array added in the end."""
        return Chain(self.start, (*self.steps, Step("add", name)))


def chain_of(expression: Expression) -> Chain | None:
    """Return the expression as a chain, or None if it is not one."""
    if not expression.operations:
        return Chain(expression.value, ()) if isinstance(expression.value, str) else None
    comparisons: dict[Operand, Operation] = {}
    found: list[str | Step] = []
    running: Operand | None = None
    for number, operation in enumerate(expression.operations):
        if operation.function in COMPARISONS:
            comparisons[Result(number)] = operation
            continue
        links = list(_links(operation, running, comparisons))
        if not links:
            return None
        found += links
        running = Result(number)
    if comparisons or not found or expression.value != running:
        return None
    start, *steps = found
    assert isinstance(start, str)
    return Chain(start, tuple(s for s in steps if isinstance(s, Step)))


def _links(
    operation: Operation, running: Operand | None, comparisons: dict[Operand, Operation]
) -> Iterator[str | Step]:
    """Yield the steps of one operation, after the start if nothing runs; nothing if none fit."""
    if operation.function not in _FUNCTIONS:
        return
    value, other = operation.operands
    is_turned = other == running or (running is None and not isinstance(value, str))
    if is_turned and operation.function in _COMMUTING:
        value, other = other, value
    if value in comparisons and isinstance(other, str):
        value, other = other, value
    if value != running and not (running is None and isinstance(value, str)):
        return
    if other in comparisons:
        if operation.function == "multiply":
            yield from _masked(value, comparisons.pop(other), running)
    elif not isinstance(other, Result):
        if running is None and isinstance(value, str):
            yield value
        yield Step(operation.function, other)


def _masked(value: Operand, comparison: Operation, running: Operand | None) -> Iterator[str | Step]:
    """Yield the steps of a value times a comparison."""
    left, right = comparison.operands
    if not isinstance(left, str) or isinstance(right, Result):
        return
    if comparison.function == "greater" and right == 0:
        if running is None and isinstance(value, str):
            yield value
        yield Step("keep", left)
    elif running is None and isinstance(value, str):
        yield left
        yield Step(comparison.function, right)
        yield Step("multiply", value)

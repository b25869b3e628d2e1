"""Elementwise expressions as passes: a value changed step by step, which oneDNN does in one go."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from netdef.expression import Expression, Operand, Operation, Result

_OF_ONE = {"exp", "log", "tanh", "abs", "sqrt", "square", "reciprocal"}
_MIRRORED = {"maximum": "maximum", "minimum": "minimum", "equal": "equal", "not_equal": "not_equal"}
_MIRRORED |= {"greater": "less", "less": "greater"}
_MIRRORED |= {"greater_equal": "less_equal", "less_equal": "greater_equal"}


class NotInPasses(Exception):
    """An expression uses what no pass does."""


@dataclass(frozen=True)
class Step:
    """The value through a function, with an array, a number, or nothing else."""

    function: str
    operand: str | float | None = None


@dataclass(frozen=True)
class Pass:
    """An array, what is done to its numbers one after the other, and where they go.

    ``into`` names a room that later passes read, or is empty for the whole's result.
    """

    start: str
    steps: tuple[Step, ...]
    into: str = ""

    @property
    def is_exact(self) -> bool:
        """True if it gives numbers that it was given, or 0 and 1."""
        return all(step.function in _MIRRORED for step in self.steps)


@dataclass(frozen=True)
class Small:
    """An operation on arrays that are all to be broadcast; its result is another such array."""

    name: str
    operation: Operation


@dataclass(frozen=True)
class Passes:
    """What computes an expression: small operations first, then passes."""

    small: tuple[Small, ...]
    passes: tuple[Pass, ...]


def passes_of(
    expression: Expression, whole: Collection[str], last: tuple[Step, ...] = ()
) -> Passes:
    """Return what computes an expression, and then takes the ``last`` steps.

    ``whole`` names the arrays that are as large as the result. Sums and products of several
    terms are taken in another order than they are written if that saves a pass.

    Raises:
        NotInPasses: the expression has no array as large as its result, or a function that
            oneDNN does not have.
    """
    return _Compiler(expression, whole).compile(last)


class _Compiler:
    def __init__(self, expression: Expression, whole: Collection[str]) -> None:
        self.expression, self.whole = expression, whole
        self.names: dict[Result, str] = {}
        """What already lies in an array of that name."""
        self.small: list[Small] = []
        self.passes: list[Pass] = []
        for i, operation in enumerate(expression.operations):
            if all(self.is_small(o) for o in operation.operands):
                self.names[Result(i)] = f"small {i}"
                named = tuple(map(self.named, operation.operands))
                self.small.append(Small(f"small {i}", Operation(operation.function, named)))
        self.uses = Counter(
            o
            for i, operation in enumerate(expression.operations)
            if Result(i) not in self.names
            for o in operation.operands
        )

    def compile(self, last: tuple[Step, ...]) -> Passes:
        value = self.named(self.expression.value)
        if self.is_small(value):
            raise NotInPasses
        start, steps = self.chain(value)
        self.passes.append(Pass(start, (*steps, *last)))
        used = {s.operand for p in self.passes for s in p.steps}
        needed = [s for s in self.small if s.name in used or self.is_needed_later(s, used)]
        return Passes(tuple(needed), tuple(self.passes))

    def is_needed_later(self, small: Small, used: set[str | float | None]) -> bool:
        readers = (s for s in self.small if small.name in s.operation.operands)
        return any(s.name in used or self.is_needed_later(s, used) for s in readers)

    def named(self, operand: Operand) -> Operand:
        return self.names.get(operand, operand) if isinstance(operand, Result) else operand

    def is_small(self, operand: Operand) -> bool:
        named = self.named(operand)
        return not isinstance(named, Result) and named not in self.whole

    def operation(self, operand: Operand) -> Operation | None:
        """Return the operation that makes a value for its one reader, if it is not made yet."""
        if not isinstance(operand, Result) or operand in self.names:
            return None
        return self.expression.operations[operand.operation]

    def inner(self, operand: Operand) -> Operation | None:
        """Return the same, but for what has several readers."""
        return None if self.uses[operand] > 1 else self.operation(operand)

    def begun(self, operand: Operand) -> tuple[str, list[Step]]:
        """Return a value as an array and steps; what has several readers is made a pass first."""
        if self.uses[operand] > 1 and self.operation(operand) is not None:
            return self.taken(operand), []
        return self.chain(operand)

    def taken(self, operand: Operand) -> str:
        """Return the name of an array that holds a value; a pass makes it if need be."""
        if self.operation(operand) is not None:
            assert isinstance(operand, Result)
            start, steps = self.chain(operand)
            if not steps:
                self.names[operand] = start
            else:
                self.names[operand] = f"room {operand.operation}"
                self.passes.append(Pass(start, tuple(steps), self.names[operand]))
        name = self.named(operand)
        assert isinstance(name, str)
        return name

    def other(self, operand: Operand) -> str | float:
        """Return what a step takes besides the value."""
        return operand if isinstance(operand, float) else self.taken(operand)

    def chain(self, operand: Operand) -> tuple[str, list[Step]]:
        """Return a value as an array that is as large as the result, and steps."""
        operation = self.operation(operand)
        if operation is None:
            name = self.named(operand)
            if not isinstance(name, str):
                raise NotInPasses
            return name, []
        match operation.function:
            case "add" | "subtract" | "negative":
                return self.sum(operand)
            case "multiply" | "divide":
                return self.product(operand)
            case "sign":
                return self.sign(operation.operands[0])
            case "power":
                return self.changed(operation.operands[0], "power", operation.operands[1])
            case "log1p":
                return self.log1p(operation.operands[0])
            case function if function in _OF_ONE:
                return self.changed(operation.operands[0], function)
            case function if function in _MIRRORED:
                return self.compared(function, *operation.operands)
        raise NotInPasses

    def changed(
        self, operand: Operand, function: str, exponent: Operand | None = None
    ) -> tuple[str, list[Step]]:
        if isinstance(exponent, str | Result):
            raise NotInPasses
        start, steps = self.begun(operand)
        return start, [*steps, Step(function, exponent)]

    def log1p(self, operand: Operand) -> tuple[str, list[Step]]:
        """``log(1 + exp(x))`` is a function of oneDNN's; of other numbers it has none."""
        operation = self.inner(operand)
        if operation is None or operation.function != "exp":
            raise NotInPasses
        return self.changed(operation.operands[0], "log_of_1_and_exp")

    def sign(self, operand: Operand) -> tuple[str, list[Step]]:
        """``(x > 0) - (x < 0)``."""
        name, room = self.taken(operand), f"room {len(self.passes)} of sign"
        self.passes.append(Pass(name, (Step("less", 0.0),), room))
        return name, [Step("greater", 0.0), Step("subtract", room)]

    def compared(self, function: str, a: Operand, b: Operand) -> tuple[str, list[Step]]:
        if self.first([a, b]) == 1:
            a, b, function = b, a, _MIRRORED[function]
        start, steps = self.begun(a)
        return start, [*steps, Step(function, self.other(b))]

    def sum(self, operand: Operand) -> tuple[str, list[Step]]:
        terms, constant = [], 0.0
        for sign, term in self.terms(operand, 1):
            if isinstance(term, float):
                constant += sign * term
            else:
                terms.append((sign, term))
        sign, first = terms.pop(self.first([term for _, term in terms]))
        start, steps = self.begun(first)
        if sign < 0:
            steps = [*steps, Step("multiply", -1.0)]
        for sign, term in terms:
            steps.append(Step("add" if sign > 0 else "subtract", self.other(term)))
        return start, steps + [Step("add", constant)] * (constant != 0)

    def terms(self, operand: Operand, sign: int) -> Iterator[tuple[int, Operand]]:
        """Yield what is added up, and whether with its sign or the other."""
        operation = self.operation(operand)
        signs = {"add": (1, 1), "subtract": (1, -1), "negative": (-1,)}
        assert operation is not None
        for own, each in zip(signs[operation.function], operation.operands, strict=True):
            inner = self.inner(each)
            if inner is not None and inner.function in signs:
                yield from self.terms(each, sign * own)
            else:
                yield sign * own, each

    def product(self, operand: Operand) -> tuple[str, list[Step]]:
        factors, constant = [], 1.0
        for function, factor in self.factors(operand, "multiply"):
            if isinstance(factor, float):
                constant = constant * factor if function == "multiply" else constant / factor
            else:
                factors.append((function, factor))
        function, first = factors.pop(self.first([factor for _, factor in factors]))
        start, steps = self.begun(first)
        if function == "divide":
            steps = [*steps, Step("reciprocal")]
        for function, factor in factors:
            steps.append(Step(function, self.other(factor)))
        return start, steps + [Step("multiply", constant)] * (constant != 1)

    def factors(self, operand: Operand, function: str) -> Iterator[tuple[str, Operand]]:
        """Yield what is multiplied, and what it is divided by."""
        operation = self.operation(operand)
        assert operation is not None
        turned = {"multiply": "divide", "divide": "multiply"}
        own = function if operation.function == "multiply" else turned[function]
        for how, each in zip((function, own), operation.operands, strict=True):
            inner = self.inner(each)
            if inner is not None and inner.function in turned:
                yield from self.factors(each, how)
            else:
                yield how, each

    def first(self, operands: list[Operand]) -> int:
        """Return the place of the operand that takes most operations, or else is whole."""
        return max(range(len(operands)), key=lambda i: (self.work(operands[i]), -i))

    def work(self, operand: Operand) -> int:
        operation = self.operation(operand)
        if operation is None:
            return -1 if self.is_small(operand) else 0
        return 1 + sum(max(0, self.work(o)) for o in operation.operands)

"""Formulas of several lines: assignments, each of an expression in the language of ``ops.map``.

    h = momentum * h + rate * g
    w = w - h

Lines under ``if decay:`` count where the number ``decay`` is not 0. One text serves NumPy and
the kernels of GPUs.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent

from netdef.errors import SchemaError
from netdef.expression import Expression, compile_expression


@dataclass(frozen=True)
class Assignment:
    """A name, and the expression that it stands for from here on."""

    name: str
    expression: Expression
    is_decay: bool = False
    """True if it counts only where ``decay`` is not 0."""

    def reads(self) -> set[str]:
        """Return the names in the expression."""
        operands = (o for op in self.expression.operations for o in op.operands)
        return {o for o in (*operands, self.expression.value) if isinstance(o, str)}


Formula = tuple[Assignment, ...]


def compile_formula(text: str, numbers: Mapping[str, float]) -> Formula:
    """Turn a formula's text into assignments, with named numbers put in.

    Raises:
        SchemaError: the text is not in the language (a bug of the rule).
    """
    return tuple(_assignments(ast.parse(dedent(text)).body, numbers, is_decay=False))


def _assignments(
    lines: Sequence[ast.stmt], numbers: Mapping[str, float], is_decay: bool
) -> Iterator[Assignment]:
    for line in lines:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                expression = compile_expression(ast.unparse(value), numbers)
                yield Assignment(name, expression, is_decay)
            case ast.If(test=ast.Name(id="decay"), body=body, orelse=[]) if not is_decay:
                yield from _assignments(body, numbers, is_decay=True)
            case _:
                raise SchemaError(f"no line of a formula: {ast.unparse(line)}")


def where_decayed(formula: Formula, decays: bool) -> Formula:
    """Return what counts where weights decay, or where they do not."""
    return tuple(a for a in formula if decays or not a.is_decay)


def needed(formula: Formula, results: Collection[str]) -> Formula:
    """Return the assignments that some names' values at the end depend on."""
    wanted, kept = set(results), []
    for assignment in reversed(formula):
        if assignment.name in wanted:
            kept.append(assignment)
            if not assignment.is_decay:
                wanted.discard(assignment.name)
            wanted |= assignment.reads()
    return tuple(reversed(kept))


def names_read(formula: Formula) -> set[str]:
    """Return the names whose values come from outside."""
    found: set[str] = set()
    made: set[str] = set()
    for assignment in formula:
        found |= assignment.reads() - made
        if assignment.is_decay:
            found |= {assignment.name, "decay"} - made
        else:
            made.add(assignment.name)
    return found

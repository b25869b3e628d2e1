"""A formula as calls of NumPy's functions, each result where a value lay that has had its day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netdef.expression import Operand, Operation, Result
from netdef.formula import Formula

Place = str | int
"""An array by its name, or a room of scratch memory by its number."""
Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its operands, of which the last is where the result goes."""


@dataclass(frozen=True)
class Calls:
    """Calls in order, and where the values of the names that are kept lie after them."""

    calls: tuple[tuple[str, tuple[Operand | Place, ...]], ...]
    places: Mapping[str, Place]
    rooms: int

    def on(
        self, arrays: Mapping[str, Any], numbers: Mapping[str, Any], rooms: Sequence[Any]
    ) -> list[Call]:
        """Return the calls on views, with the numbers that are read when they run."""

        def of(operand: Operand | Place) -> Any:
            if isinstance(operand, float):
                return np.float32(operand)
            if isinstance(operand, int):
                return rooms[operand]
            return arrays[operand] if operand in arrays else numbers[operand]  # type: ignore[index]

        return [(getattr(np, name), tuple(map(of, operands))) for name, operands in self.calls]


def calls_of(formula: Formula, changed: Sequence[str], kept: Sequence[str] = ()) -> Calls:
    """Lay the results of a formula out in place.

    ``changed`` names the arrays that it changes; all others stay as they are. Of ``kept``
    names the values are there at the end, somewhere.
    """
    operations, values = _flat(formula)
    ends = {name: values.get(name, name) for name in (*changed, *kept)}
    layout = _Layout(operations, {name: ends[name] for name in changed}, ends.values())
    calls = [layout.call(i) for i in range(len(operations))]
    calls += _copies({name: layout.where.get(ends[name], ends[name]) for name in changed})
    places = {name: layout.where.get(ends[name], ends[name]) for name in kept}
    return Calls(tuple(calls), places, layout.rooms)  # type: ignore[arg-type]


def _copies(places: Mapping[str, Operand | Place]) -> list[tuple[str, tuple[Any, ...]]]:
    """Return what brings values that lie elsewhere to the arrays that they are for."""
    away = [(place, name) for name, place in places.items() if place != name]
    # What lies in another array goes first, before that gets its own.
    away.sort(key=lambda pair: not isinstance(pair[0], str))
    for i, (_, name) in enumerate(away):
        assert name not in [place for place, _ in away[i:]], "arrays are exchanged"
    return [("positive", pair) for pair in away]


def _flat(formula: Formula) -> tuple[list[Operation], dict[str, Operand]]:
    """Return the operations of all lines, and what each assigned name stands for at the end."""
    operations: list[Operation] = []
    values: dict[str, Operand] = {}
    for line in formula:
        first, known = len(operations), dict(values)

        def moved(operand: Operand, first: int = first, known: Any = known) -> Operand:
            if isinstance(operand, Result):
                return Result(first + operand.operation)
            return known.get(operand, operand) if isinstance(operand, str) else operand

        for operation in line.expression.operations:
            operands = tuple(moved(o) for o in operation.operands)
            operations.append(Operation(operation.function, operands))
        values[line.name] = moved(line.expression.value)
    return operations, values


class _Layout:
    """Where each value lies while the operations run one after the other."""

    def __init__(
        self, operations: Sequence[Operation], homes: Mapping[str, Operand], ends: Any
    ) -> None:
        self._operations, self._homes = operations, homes
        self._last_use = {o: i for i, op in enumerate(operations) for o in op.operands}
        self._last_use |= dict.fromkeys(ends, len(operations))
        names = {o for op in operations for o in op.operands if isinstance(o, str)}
        self._inside: dict[Place, Operand] = {name: name for name in {*names, *homes}}
        self.where: dict[Operand, Place] = {name: name for name in self._inside}
        self.rooms = 0

    def call(self, number: int) -> tuple[str, tuple[Operand | Place, ...]]:
        operation, result = self._operations[number], Result(number)
        operands = tuple(self.where.get(o, o) for o in operation.operands)
        own = [name for name, value in self._homes.items() if value == result]
        of_operands = [self.where[o] for o in operation.operands if o in self.where]
        choice = (*own, *of_operands, *range(self.rooms))
        place = next((p for p in choice if self._is_free(p, number)), self.rooms)
        if place == self.rooms:
            self.rooms += 1
        self._inside[place], self.where[result] = result, place
        return operation.function, (*operands, place)

    def _is_free(self, place: Place, number: int) -> bool:
        """Whether nobody reads behind an operation what lies there before it."""
        may_change = isinstance(place, int) or place in self._homes
        return may_change and self._last_use.get(self._inside[place], -1) <= number

"""Updates on the CPU: NumPy's functions, stretch by stretch, in several threads."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netdef.expression import Expression, Operand, Result
from netdef.formula import where_decayed
from netdef.solvers.in_place import Call, Calls, calls_of
from netdef.solvers.method import MEASURED, Method, Numbers, kind_of
from netdef.solvers.stretches import Stretch, Stretches
from netdef.weights import Segment

Row = Mapping[str, float]
"""The numbers of one region."""


class HostUpdate:
    """A method on arenas in the memory of the CPU."""

    def __init__(
        self, method: Method, arenas: Mapping[str, Any], regions: Sequence[Segment]
    ) -> None:
        self._method, self._kinds = method, [kind_of(region) for region in regions]
        self._plans = {
            (is_scaled, decays): _calls_of(m, decays)
            for is_scaled, m in ((True, method), (False, method.knowing(scale=1)))
            for decays in (True, False)
        }
        rooms = max(calls.rooms for pair in self._plans.values() for calls in pair.values())
        self._stretches = Stretches(arenas, regions, rooms)
        self._names = (*method.numbers, "scale")
        self._table = np.zeros((len(regions), len(self._names)), "float32")
        self._numbers = [
            {name: row[i, ...] for i, name in enumerate(self._names)} for row in self._table
        ]
        self._squares = np.zeros((self._stretches.count, 2))

    def run(self, numbers: Numbers, divisor: float = 1, limit: float | None = None) -> None:
        """Change the arenas once, with the numbers of each kind of region.

        ``grad`` is scaled down to the L2 norm ``limit`` if there is one, and divided.
        """
        with np.errstate(all="ignore"):
            scale = (1.0 if limit is None else self._clip(limit)) / divisor
            rows: Sequence[Row] = [{**numbers[kind], "scale": scale} for kind in self._kinds]
            if self._method.trust_text:
                self._set(rows)
                rows = self._trusted(rows)
            self._set(rows)
        self._stretches.each(lambda s: _run(self._ready(s, rows[s.region], "change")))

    def _set(self, rows: Sequence[Row]) -> None:
        for goal, row in zip(self._table, rows, strict=True):
            goal[...] = [row[name] for name in self._names]

    def _ready(self, s: Stretch, row: Row, phase: str) -> list[Call]:
        """Return the calls on a stretch; those that have no effect are left out."""
        key = row["scale"] != 1, bool(row.get("decay")), phase
        if key not in s.ready:
            calls = self._plans[key[:2]][phase]
            s.ready[key] = calls.on(s.arrays, self._numbers[s.region], s.rooms)
        return s.ready[key]  # type: ignore[no-any-return]

    def _clip(self, limit: float) -> float:
        """Return the factor that brings the gradients down to the norm they may have."""

        def measure(s: Stretch) -> None:
            self._squares[s.number, 0] = _square(s.arrays["grad"])

        self._stretches.each(measure)
        norm = float(self._squares[:, 0].sum()) ** 0.5
        return limit / norm if norm > limit else 1.0

    def _trusted(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows with their rates times the trust of their regions."""
        squares = np.zeros((len(rows), 2))

        def measure(s: Stretch) -> None:
            row = rows[s.region]
            _run(self._ready(s, row, "measure"))
            places = self._plans[row["scale"] != 1, bool(row["decay"])]["measure"].places
            found = (places[name] for name in MEASURED)
            self._squares[s.number] = [
                _square(s.arrays[p] if isinstance(p, str) else s.rooms[p]) for p in found
            ]

        self._stretches.each(measure)
        np.add.at(squares, self._stretches.region_of, self._squares)
        weights, others = np.sqrt(squares).T
        decay = np.array([row["decay"] for row in rows])
        trust = _evaluate(self._method.trust, dict(weights=weights, others=others, decay=decay))
        return [{**row, "rate": row["rate"] * float(t)} for row, t in zip(rows, trust, strict=True)]


def _calls_of(method: Method, decays: bool) -> dict[str, Calls]:
    change = calls_of(where_decayed(method.change, decays), method.changed)
    if not method.measure_text:
        return {"change": change}
    measure = calls_of(where_decayed(method.measure, decays), method.changed, MEASURED)
    return {"change": change, "measure": measure}


def _run(calls: list[Call]) -> None:
    for function, operands in calls:
        function(*operands)


def _square(x: Any) -> float:
    """Return the sum of squares."""
    return float(np.dot(x, x))


def _evaluate(expression: Expression, arrays: Mapping[str, Any]) -> Any:
    results: list[Any] = []

    def of(operand: Operand) -> Any:
        if isinstance(operand, Result):
            return results[operand.operation]
        return arrays[operand] if isinstance(operand, str) else operand

    for operation in expression.operations:
        results.append(getattr(np, operation.function)(*map(of, operation.operands)))
    return of(expression.value)

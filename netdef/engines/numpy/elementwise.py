"""The primitive ``map``: an expression as a few passes over blocks that stay in the cache."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from netdef.engines.engine import Engine, Run
from netdef.engines.numpy.narrow import is_narrow
from netdef.expression import (
    COMPARISONS,
    Expression,
    Operand,
    Result,
    c_statements,
    compile_expression,
)

_BLOCK = 1 << 15
"""Elements of a block: with a few registers, about the size of the L2 cache."""
_ROUNDED_ONCE = ("exp", "log", "tanh")
"""Computed in double precision, and rounded once. NumPy's own for float32 are off by up to 2.5
units in the last place: 3 to 4 of 10 results are others than the C library's, which Caffe calls.
So ``exp`` and ``log`` agree but for 1 of 100; of ``tanh``, where the C library itself is off by up
to 2 units, 3 of 4 do instead of 6 of 10."""


class Elementwise(Engine):
    """The primitive ``map``."""

    def map(
        self,
        out: Any = None,
        add_to: Any = None,
        *,
        expression: str,
        numbers: dict[str, float],
        **arrays: Any,
    ) -> Run:
        compiled = compile_expression(expression, numbers)
        target = out if add_to is None else add_to
        if self.xp is not np:
            return self._kernel(compiled, target, add_to is not None, arrays)
        names, views = list(arrays), _coalesce([target, *arrays.values()])
        dtype = np.dtype(np.float32) if is_narrow(target) else target.dtype
        registers = _Registers(self, compiled, min(_BLOCK, target.size), dtype)
        steps: list[Run] = []
        for part in _blocks(views[0].shape):
            block = {name: v[part] for name, v in zip(names, views[1:], strict=True)}
            steps += registers.wide_steps(views[0][part], block, add_to is not None)
        if len(steps) == 1:
            return steps[0]

        def run() -> None:
            for step in steps:
                step()

        return run

    def _kernel(
        self, expression: Expression, target: Any, adds: bool, arrays: dict[str, Any]
    ) -> Run:
        text = c_statements(expression, "result +=" if adds else "result =", prefix="of_")
        read = ", ".join(f"T of_{name}" for name in arrays)
        kernel = self.xp.ElementwiseKernel(read, "T result", text, "netdef_map")
        operands = [a.astype(target.dtype, copy=False) for a in arrays.values()]
        if not operands:
            value = expression.value
            return lambda: target.fill(value) if not adds else target.__iadd__(value)
        return lambda: kernel(*operands, target)


class _Registers:
    """The temporaries of an expression, each one block long, used again when they are free."""

    def __init__(self, engine: Engine, expression: Expression, size: int, dtype: Any) -> None:
        self.xp, self.expression, self.engine = engine.xp, expression, engine
        self.size, self.dtype = size, dtype
        self.rooms: dict[tuple[int, str], Any] = {}
        self.last_use = {o: i for i, op in enumerate(expression.operations) for o in op.operands}

    def room(self, number: int, kind: str, shape: tuple[int, ...]) -> Any:
        if (number, kind) not in self.rooms:
            dtype = self.dtype if kind == "value" else kind
            self.rooms[number, kind] = self.engine.scratch.take((self.size,), dtype)
        flat = self.rooms[number, kind]
        return flat[: int(np.prod(shape, dtype=np.int64))].reshape(shape)

    def wide_steps(self, target: Any, block: dict[str, Any], adds: bool) -> list[Run]:
        """Return the calls that compute one block, in float32 where arrays are narrower."""
        before: list[Run] = []
        after: list[Run] = []

        def wide(array: Any, number: int) -> Any:
            if not is_narrow(array):
                return array
            room = self.room(number, "float32", array.shape)
            before.append(partial(self.xp.copyto, room, array))
            return room

        block = {name: wide(array, i) for i, (name, array) in enumerate(block.items())}
        if is_narrow(target):
            room = self.room(len(block), "float32", target.shape)
            before += [partial(self.xp.copyto, room, target)] if adds else []
            after.append(partial(self.xp.copyto, target, room, casting="unsafe"))
            target = room
        return [*before, *self.steps(target, block, adds), *after]

    def steps(self, target: Any, block: dict[str, Any], adds: bool) -> list[Run]:
        """Return the calls that compute one block."""
        xp, operations = self.xp, self.expression.operations
        value = self.expression.value
        if not operations:
            bare = block[value] if isinstance(value, str) else value
            if adds:
                return [partial(xp.add, target, bare, target)]
            return [partial(xp.copyto, target, bare)]
        results: list[Any] = []
        free: dict[str, list[int]] = {"value": [], "bool": []}
        held: dict[Operand, tuple[int, str]] = {}
        made = {"value": 0, "bool": 0}
        steps: list[Run] = []
        for i, operation in enumerate(operations):
            operands = [self.operand(o, results, block) for o in operation.operands]
            kind = "bool" if operation.function in COMPARISONS else "value"
            if i == len(operations) - 1 and not adds and kind == "value":
                goal = target
            else:
                if free[kind]:
                    number = free[kind].pop()
                else:
                    number, made[kind] = made[kind], made[kind] + 1
                held[Result(i)] = number, kind
                goal = self.room(number, kind, target.shape)
            steps += self.calls(operation.function, operands, goal, target.shape)
            results.append(goal)
            for o in set(operation.operands):
                if o in held and self.last_use[o] == i:
                    number, freed = held.pop(o)
                    free[freed].append(number)
        if adds:
            steps.append(partial(xp.add, target, results[-1], target))
        elif results[-1] is not target:
            steps.append(partial(xp.copyto, target, results[-1]))
        return steps

    @staticmethod
    def operand(operand: Operand, results: list[Any], block: dict[str, Any]) -> Any:
        if isinstance(operand, str):
            return block[operand]
        return results[operand.operation] if isinstance(operand, Result) else operand

    def calls(
        self, function: str, operands: list[Any], goal: Any, shape: tuple[int, ...]
    ) -> list[Run]:
        if function in _ROUNDED_ONCE:
            compute = getattr(self.xp, function)
            return [partial(compute, *operands, out=goal, dtype="float64", casting="same_kind")]
        if function != "where":
            run = partial(getattr(self.xp, function), *operands, out=goal)
            kinds = {a.dtype.kind for a in operands if hasattr(a, "dtype")}
            if kinds == {"b"} and function not in COMPARISONS:
                # NumPy's own arithmetic of truth values is logic: True + True would be True.
                run.keywords["dtype"] = self.dtype
            return [run]
        condition, a, b = operands
        return self.choose(condition, a, b, goal, shape)

    def choose(
        self, condition: Any, a: Any, b: Any, goal: Any, shape: tuple[int, ...]
    ) -> list[Run]:
        """Choose by bits: ``b ^ ((a ^ b) & mask)``, six times as fast as a masked copy."""
        xp = self.xp
        bits = f"int{8 * np.dtype(self.dtype).itemsize}"
        mask, one, other = (self.room(k, bits, shape) for k in range(3))

        def as_value(room: Any) -> Any:
            return room.view(self.dtype)

        return [
            partial(xp.copyto, mask, condition),
            partial(xp.negative, mask, out=mask),
            partial(xp.copyto, as_value(one), a),
            partial(xp.copyto, as_value(other), b),
            partial(xp.bitwise_xor, one, other, out=one),
            partial(xp.bitwise_and, one, mask, out=one),
            partial(xp.bitwise_xor, one, other, out=one),
            partial(xp.copyto, goal, as_value(one)),
        ]


def _coalesce(arrays: list[Any]) -> list[Any]:
    """View arrays, broadcast to the first's shape, with as few and as long axes as possible."""
    shape = arrays[0].shape
    views = [np.broadcast_to(a, shape) if a.shape != shape else a for a in arrays]
    order = sorted(range(len(shape)), key=lambda i: (-abs(views[0].strides[i]), i))
    views = [v.transpose(order) for v in views]
    sizes: list[int] = []
    strides: list[list[int]] = [[] for _ in views]
    for axis, size in enumerate(views[0].shape):
        if size == 1:
            continue
        merges = bool(sizes) and all(
            s[-1] == v.strides[axis] * size for s, v in zip(strides, views, strict=True)
        )
        if merges:
            sizes[-1] *= size
        else:
            sizes.append(size)
        for s, v in zip(strides, views, strict=True):
            if merges:
                s[-1] = v.strides[axis]
            else:
                s.append(v.strides[axis])
    as_strided = np.lib.stride_tricks.as_strided
    first = as_strided(views[0], sizes, strides[0], writeable=True)
    rest = zip(views[1:], strides[1:], strict=True)
    return [first, *(as_strided(v, sizes, s, writeable=False) for v, s in rest)]


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice | int, ...]]:
    """Yield parts of at most ``_BLOCK`` elements that cover the shape."""
    if not shape:
        yield (...,)  # type: ignore[misc]
        return
    row = int(np.prod(shape[1:], dtype=np.int64))
    if row <= _BLOCK or len(shape) == 1:
        step = max(1, _BLOCK // max(1, row))
        for i in range(0, shape[0], step):
            yield (slice(i, min(i + step, shape[0])),)
        return
    for i in range(shape[0]):
        for rest in _blocks(shape[1:]):
            yield (i, *rest)

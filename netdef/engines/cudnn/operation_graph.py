"""cuDNN's operation graphs as plain values: made, compared and printed without cuDNN.

A call becomes one of these from its shapes alone; ``plan`` turns it into what runs, and its
text is the key under which that is kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Ints = tuple[int, ...]


@dataclass(frozen=True)
class Operand:
    """An array that a graph reads or writes: its dimensions, and strides in elements."""

    name: str
    dims: Ints
    strides: Ints
    dtype: str
    value: float | None = None
    """The number itself, if it lies on the host and never changes."""

    @property
    def bytes(self) -> int:
        """The memory from its first element to its last."""
        reach = sum((n - 1) * s for n, s in zip(self.dims, self.strides, strict=True))
        return (reach + 1) * (4 if self.dtype == "float32" else 1 if self.dtype == "bool" else 2)


@dataclass(frozen=True)
class Step:
    """One operation of the frontend's ``pygraph``, by its name there.

    ``reads`` has its parameters and ``makes`` its results, as names of operands or of what
    other steps make.
    """

    operation: str
    reads: tuple[tuple[str, str], ...]
    makes: tuple[str, ...]
    options: tuple[tuple[str, Any], ...] = ()
    dtype: str = "float32"
    """The type of what is made, if it is no operand: whether it is rounded in between."""


@dataclass(frozen=True)
class OperationGraph:
    """Steps in their order. Computed in float32, whatever the operands are stored in."""

    name: str
    inputs: tuple[Operand, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Operand, ...]
    allows_tf32: bool = False
    """True if float32 may be rounded to 10 bits before it is multiplied."""

    @property
    def key(self) -> str:
        """The whole graph as one line of text."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def is_strict(self) -> bool:
        """True if no number may be rounded before it is multiplied."""
        return not self.allows_tf32 and self.inputs[0].dtype == "float32"

    def __str__(self) -> str:
        operations = " + ".join(step.operation for step in self.steps)
        return f"{self.name} in {self.inputs[0].dtype} as {operations}"

    def number_of(self, name: str) -> int:
        """Return the number (uid) by which cuDNN is given an operand."""
        return [o.name for o in (*self.inputs, *self.outputs)].index(name) + 1


@dataclass
class Draft:
    """Collects what a graph reads and does."""

    name: str
    allows_tf32: bool = False
    inputs: list[Operand] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def read(self, operand: Operand) -> str:
        """Add an operand that is read; return its name."""
        self.inputs.append(operand)
        return operand.name

    def step(
        self,
        operation: str,
        makes: str | Sequence[str],
        reads: Mapping[str, str],
        dtype: str = "float32",
        **options: Any,
    ) -> str:
        """Add a step; return the name of what it makes first."""
        made = (makes,) if isinstance(makes, str) else tuple(makes)
        given = tuple((name, _frozen(value)) for name, value in options.items())
        self.steps.append(Step(operation, tuple(reads.items()), made, given, dtype))
        return made[0]

    def write(self, *operands: Operand) -> OperationGraph:
        """Return the graph that writes these operands, each what a step has made."""
        return OperationGraph(
            self.name, tuple(self.inputs), tuple(self.steps), operands, self.allows_tf32
        )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def order_of(ndim: int, channels_innermost: bool) -> Ints:
    """Return the axes of images ``(N, C, ...)``, outermost first."""
    return (0, *range(2, ndim), 1) if channels_innermost else tuple(range(ndim))


def image_dims(shape: Ints) -> Ints:
    """Return a shape with at least the two spatial axes that cuDNN wants."""
    return (*shape[:2], *(1,) * (4 - len(shape)), *shape[2:])


def dense_strides(dims: Ints, channels_innermost: bool) -> Ints:
    """Return the strides, in elements, of an array without gaps."""
    strides, step = [0] * len(dims), 1
    for axis in reversed(order_of(len(dims), channels_innermost)):
        strides[axis] = step
        step *= dims[axis]
    return tuple(strides)


def image(name: str, shape: Ints, dtype: str, channels_innermost: bool) -> Operand:
    """Describe images, or filters, that lie without gaps."""
    dims = image_dims(shape)
    return Operand(name, dims, dense_strides(dims, channels_innermost), dtype)


def channels(name: str, count: int, axes: int, dtype: str = "float32") -> Operand:
    """Describe a number for each channel of images with so many axes."""
    dims = (1, count, *(1,) * (max(axes, 4) - 2))
    return Operand(name, dims, dense_strides(dims, False), dtype)


def number(name: str, value: float, axes: int) -> Operand:
    """Describe a number that goes along with the call."""
    ones = (1,) * max(axes, 4)
    return Operand(name, ones, ones, "float32", value)


def is_dense(array: Any, channels_innermost: bool) -> bool:
    """True if the array lies without gaps in that order; axes of one element do not count."""
    step = array.itemsize
    for axis in reversed(order_of(array.ndim, channels_innermost)):
        if array.shape[axis] > 1 and array.strides[axis] != step:
            return False
        step *= array.shape[axis]
    return True

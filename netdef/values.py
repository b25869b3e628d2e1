"""Arrays that do not exist yet, and views of them: what calls are recorded on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netdef.shape import Shape

Order = tuple[int, ...]
"""The axes of an array in memory, outermost first."""


@dataclass(frozen=True, eq=False)
class Value:
    """An array that does not exist yet.

    ``kind`` is blob, diff (a blob's gradient), weight, grad (a weight's gradient),
    saved (a layer's own), folded (made of weights alone) or temporary.
    """

    kind: str
    name: str
    shape: Shape
    dtype: str = "float32"
    first: Any = None
    """Of a saved array: what it begins with, if it lasts from pass to pass."""

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.shape.size

    @property
    def bytes(self) -> int:
        """The memory it takes."""
        return self.shape.size * np.dtype(self.dtype).itemsize

    def reshape(self, *shape: Any) -> "View":
        """Look at it in another shape; one axis may be -1."""
        return View(self, ()).reshape(*shape)

    def transpose(self, *axes: int) -> "View":
        """Look at it with its axes in another order."""
        return View(self, ()).transpose(*axes)

    def __getitem__(self, key: Any) -> "View":
        return View(self, ())[key]

    def __str__(self) -> str:
        return {"diff": "d ", "grad": "d "}.get(self.kind, "") + self.name


@dataclass(frozen=True, eq=False)
class View:
    """A value in another shape, or a part of it: a few steps from the whole array."""

    base: Value
    steps: tuple[tuple[str, Any], ...]
    shape: Shape = field(init=False)

    def __post_init__(self) -> None:
        shape = self.of(np.broadcast_to(np.empty(()), self.base.shape), is_shape_only=True).shape
        object.__setattr__(self, "shape", Shape(shape))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.shape.size

    @property
    def dtype(self) -> str:
        """The type of the elements."""
        return self.base.dtype

    def reshape(self, *shape: Any) -> "View":
        """Look at it in another shape; one axis may be -1."""
        flat = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return View(self.base, (*self.steps, ("reshape", tuple(flat))))

    def transpose(self, *axes: int) -> "View":
        """Look at it with its axes in another order."""
        return View(self.base, (*self.steps, ("axes", axes)))

    def __getitem__(self, key: Any) -> "View":
        return View(self.base, (*self.steps, ("part", key)))

    def of(self, array: Any, is_shape_only: bool = False) -> Any:
        """Apply the steps to the whole array, without a copy.

        Raises:
            ValueError: the array's memory order allows no such view.
        """
        for step, what in self.steps:
            if step == "part":
                array = array[what]
            elif step == "axes":
                array = array.transpose(what)
            else:
                array = _reshaped(array, what, is_shape_only)
        return array

    def __str__(self) -> str:
        return f"{self.base}{self.shape}"


def _reshaped(array: Any, shape: tuple[int, ...], is_shape_only: bool) -> Any:
    if is_shape_only:
        return array.reshape(shape)
    if isinstance(array, np.ndarray):
        # Setting ``shape`` would make a copy before it fails, and read what has no memory.
        return array.reshape(shape, copy=False)
    view = array.view()
    view.shape = Shape(np.broadcast_to(np.empty(()), array.shape).reshape(shape).shape)
    return view


def arrays_of(operands: dict[str, Any], find: Any) -> dict[str, Any]:
    """Put arrays in the place of values and views."""

    def one(operand: Any) -> Any:
        if operand is None:
            return None
        if isinstance(operand, tuple):
            return tuple(one(o) for o in operand)
        return operand.of(find(operand.base)) if isinstance(operand, View) else find(operand)

    return {role: one(operand) for role, operand in operands.items()}

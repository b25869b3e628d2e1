"""What a layer tells the net: the names of its blobs, its shapes, weights and gradients."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from netdef.proto import FillerParameter
from netdef.shape import Shape

Filler = FillerParameter


@dataclass(frozen=True)
class Weight:
    """A blob that a layer asks for: its name, shape and first values.

    One that is not learned (a running statistic) has a learning rate of 0, whatever the
    prototxt says, and is updated by ``forward``. ``first`` holds its first values, if they
    are not the filler's.
    """

    name: str
    shape: tuple[int, ...]
    filler: Filler
    is_learned: bool = True
    first: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Saved:
    """An array that ``forward`` makes for itself and for ``backward``.

    With ``first``, a number or an array, it begins with these values and keeps from pass
    to pass what it holds: a recurrent state, or a constant table. Else it holds garbage
    at the start of each pass.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    first: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Signature:
    """What a layer makes of its bottoms: its tops' shapes, its weights, what it saves."""

    tops: Sequence[Shape]
    weights: Sequence[Weight] = ()
    saved: Sequence[Saved] = ()


class Grad:
    """The gradients to fill, by the name of the array; None where nobody wants one."""

    def __init__(self, **arrays: Any) -> None:
        self._arrays = arrays

    def __getattr__(self, name: str) -> Any:
        return self._arrays.get(name)


@dataclass(frozen=True)
class Ports:
    """The names of a layer's bottoms or tops: ``"x"``, ``"mask?"`` (optional), ``"*x"`` (any)."""

    names: tuple[str, ...]
    fewest: int
    most: int | None
    is_variadic: bool

    @classmethod
    def parse(cls, names: Sequence[str], at_least: int) -> Self:
        """Read the short form that layer classes are written in."""
        is_variadic = bool(names) and names[0].startswith("*")
        plain = tuple(n.strip("*?") for n in names)
        fewest = at_least if is_variadic else sum(not n.endswith("?") for n in names)
        return cls(plain, fewest, None if is_variadic else len(names), is_variadic)

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.fewest} or more"
        return str(self.most) if self.fewest == self.most else f"{self.fewest} to {self.most}"

    def name(self, values: Sequence[Any]) -> dict[str, Any]:
        """Put values (arrays, shapes) under their names; a missing optional one is None."""
        if self.is_variadic:
            return {self.names[0]: tuple(values)}
        return dict(zip(self.names, [*values, *[None] * len(self.names)], strict=False))

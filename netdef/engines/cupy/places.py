"""How the numbers of arrays lie, in the form that kernels take it: see ``places.cu``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netdef.engines.engine import Refused

MOST_AXES = 5
_MOST = 2**31 - 2**12
"""What an int can count, with room for the threads beyond the last place."""
Strides = tuple[int, ...]


def strides_of(array: Any) -> Strides:
    """Return the distances of neighbours along each axis, in numbers.

    Raises:
        Refused: the numbers lie over more than an int can count.
    """
    strides = tuple(s // array.dtype.itemsize for s in array.strides)
    if sum((n - 1) * abs(s) for n, s in zip(array.shape, strides, strict=True)) >= _MOST:
        raise Refused("takes no array of about 2**31 numbers or more")
    return strides


def plain_strides(shape: Sequence[int]) -> Strides:
    """Return the distances of an array in C order."""
    return tuple(int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape)))


@dataclass(frozen=True)
class Axes:
    """Some axes of arrays, innermost first, with as few axes as they can all be seen with."""

    sizes: tuple[int, ...]
    strides: tuple[Strides, ...]
    """For each array."""

    @property
    def count(self) -> int:
        """The places along all axes."""
        return int(np.prod(self.sizes, dtype=np.int64))

    def packed(self) -> list[int]:
        """Return the struct ``Axes``."""
        return [len(self.sizes), *_filled(self.sizes, 1)]

    def packed_strides(self) -> list[list[int]]:
        """Return a struct ``Strides`` for each array."""
        return [_filled(s, 0) for s in self.strides]


def axes_of(sizes: Sequence[int], *strides: Sequence[int]) -> Axes:
    """Put axes together, in the order in which the first array lies.

    ``strides`` are those of each array; 0 where it is the same along an axis.

    Raises:
        Refused: more axes than a kernel takes lie apart.
    """
    order = sorted(
        (i for i, n in enumerate(sizes) if n != 1), key=lambda i: [abs(s[i]) for s in strides]
    )
    merged: list[int] = []
    distances: list[list[int]] = [[] for _ in strides]
    for i in order:
        if merged and all(
            s[i] == d[-1] * merged[-1] for s, d in zip(strides, distances, strict=True)
        ):
            merged[-1] *= sizes[i]
            continue
        merged.append(sizes[i])
        for s, d in zip(strides, distances, strict=True):
            d.append(s[i])
    if len(merged) > MOST_AXES:
        raise Refused(f"takes arrays of at most {MOST_AXES} axes that lie apart, not {len(merged)}")
    if not merged:
        return Axes((1,), tuple((0,) for _ in strides))
    return Axes(tuple(merged), tuple(map(tuple, distances)))


def struct(*fields: int | Iterable[int]) -> "np.ndarray[Any, Any]":
    """Return the fields of a struct of ints, which a kernel takes by value.

    It is an array of one record: of others CuPy takes none.
    """
    flat: list[int] = []
    for field in fields:
        flat += [field] if isinstance(field, int) else field
    return np.array(flat, np.int32).view([("fields", np.int32, len(flat))])


def _filled(numbers: Sequence[int], value: int) -> list[int]:
    return [*numbers, *(value,) * (MOST_AXES - len(numbers))]

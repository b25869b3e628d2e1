"""What all of oneDNN's primitives share: kernels chosen, memory reordered where it must be."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from netdef.engines.engine import Engine, Refused, Run, in_order
from netdef.engines.onednn.library import Library, Unsupported, load
from netdef.engines.onednn.primitive import (
    DST,
    SCRATCHPAD,
    SRC,
    WEIGHTS,
    Descriptions,
    Kernel,
    Prepared,
)
from netdef.engines.scratch import aligned, axes_in_memory, fake
from netdef.engines.work import is_quick

_SMALLEST = 1 << 15


class Calls(Engine):
    """Makes calls of one primitive out of a kernel and arrays that may lie otherwise."""

    @cached_property
    def library(self) -> Library:
        """The loaded library."""
        return load()

    @cached_property
    def describe(self) -> Descriptions:
        """Descriptions and attributes that live as long as the engine."""
        return Descriptions(self.library)

    @cached_property
    def _kernels(self) -> list[Kernel]:
        """All kernels: those of gradients point at the forward ones that they were made with."""
        return []

    def prepare(self, primitive: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> Run:
        if not is_quick(primitive, arrays, options):
            return super().prepare(primitive, arrays, options)
        alone, settled = self.library.in_one_thread, len(self._settling)
        run = alone(partial(super().prepare, primitive, arrays, options))()
        self._settling[settled:] = map(alone, self._settling[settled:])
        return alone(run)

    def kernel(self, name: str, *arguments: Any) -> Kernel:
        """Choose an implementation.

        Raises:
            Refused: there is none, or only a slow one.
        """
        try:
            kernel = Kernel(self.library, name, *arguments)
        except Unsupported as error:
            raise Refused(f"has no {name} for these arrays") from error
        if kernel.is_reference:
            raise Refused(f"has only a slow {name} for these arrays ({kernel.implementation})")
        self._kernels.append(kernel)
        return kernel

    @staticmethod
    def refuse_small(array: Any) -> None:
        """Leave small arrays to NumPy: waking the threads costs more than they bring.

        Raises:
            Refused: it is small.
        """
        if array.size < _SMALLEST:
            raise Refused("is no faster with so small arrays")

    @staticmethod
    def first_that_fits(ways: Iterable[Callable[[], Kernel]]) -> Kernel:
        """Return the kernel of the first way that is not refused.

        Raises:
            Refused: all are; with the last reason.
        """
        why = Refused("has no way")
        for way in ways:
            try:
                return way()
            except Refused as refusal:
                why = refusal
        raise why

    def ready(
        self,
        kernel: Kernel,
        reads: Mapping[int, Any],
        writes: Mapping[int, Any],
        adds: bool = False,
        vectors: Mapping[int, Any] | None = None,
    ) -> Run:
        """Return what runs the kernel on these arrays, with reorders before and after.

        ``adds``: what is written is added to the arrays. ``vectors`` are read or written as
        they lie.
        """
        before: list[Run | None] = []
        after: list[Run | None] = []
        given = self.lying(vectors or {})
        for argument, array in reads.items():
            wanted, mine = kernel.wants(argument), self.describe.like(array)
            if kernel.takes(argument, mine):
                given[argument] = mine, array
                continue
            size = kernel.bytes_of(argument)
            if argument == WEIGHTS and self.weights_stay and not self.is_rehearsal:
                room = aligned(np, size)
                self._settling.append(self.reorder(mine, array, wanted, room))
            else:
                room = self.scratch.take((size,), np.uint8)
                before.append(self.reorder(mine, array, wanted, room))
            given[argument] = wanted, room
        for argument, array in writes.items():
            wanted, mine = kernel.wants(argument), self.describe.like(array)
            if kernel.takes(argument, mine) and not adds:
                given[argument] = mine, array
                continue
            room = self.scratch.take((kernel.bytes_of(argument),), np.uint8)
            after.append(self.reorder(wanted, room, mine, array, adds))
            given[argument] = wanted, room
        return in_order(*before, self.bare(kernel, given), *after)

    def lying(self, arrays: Mapping[int, Any]) -> dict[int, tuple[int, Any]]:
        """Return arrays as they lie, with their descriptions; none for None."""
        return {k: (self.describe.like(a), a) for k, a in arrays.items() if a is not None}

    def bare(self, kernel: Kernel, given: Mapping[int, tuple[int, Any]]) -> Run:
        """Return what runs the kernel on arrays that lie as it wants them."""
        pad = kernel.bytes_of(SCRATCHPAD)
        everything = dict(given)
        if pad:
            room = self.scratch.take((pad,), np.uint8)
            everything[SCRATCHPAD] = kernel.wants(SCRATCHPAD), room
        if self.is_rehearsal:
            return _nothing
        return Prepared(kernel, everything).run

    @staticmethod
    def alike(*arrays: Any) -> tuple[Any, ...]:
        """Return arrays to be described, all in the narrowest type of any of them."""
        kind = min((a.dtype for a in arrays), key=lambda dtype: dtype.itemsize)
        return tuple(a if a.dtype == kind else _typed(a, kind) for a in arrays)

    @property
    def is_rehearsal(self) -> bool:
        """True if calls are only prepared to see what memory they need."""
        return self.scratch.block is None

    def reorder(self, source: int, x: Any, goal: int, out: Any, adds: bool = False) -> Run:
        """Return what copies x to out, which is laid out in another way; or adds it."""
        attributes = self.describe.attributes(adds=adds)
        engine = self.library.engine
        kernel = Kernel(self.library, "reorder", source, engine, goal, engine, attributes)
        return self.bare(kernel, {SRC: (source, x), DST: (goal, out)})


def _typed(array: Any, dtype: Any) -> Any:
    """Return a fake of another type that lies as an array does."""
    return fake(array.shape, dtype, tuple(axes_in_memory(array)))


def _nothing() -> None:
    """Stand for a call in a rehearsal."""

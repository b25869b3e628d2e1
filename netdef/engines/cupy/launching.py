"""Launching kernels: blocks, threads and arguments."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from netdef.engines.cupy.kernels import NARROW, THREADS, TYPES, computed, function, source
from netdef.engines.engine import Engine, Launches, Refused, Run

NO_ARRAY = np.uint64(0)
"""What a kernel takes for an array that is not given."""


class Launching(Engine):
    """What the families of kernels share."""

    def launch(
        self, group: str, name: str, image: Any, blocks: int, *arguments: Any, index: str = "uint8"
    ) -> Run:
        """Return what runs a kernel of a group on so many blocks: see ``launch_text``.

        ``image`` is the type in which images are stored.
        """
        code = source(group, np.dtype(image).name, index)
        return self.launch_text(code, name, computed(image), blocks, *arguments)

    def launch_text(self, code: str, name: str, real: Any, blocks: int, *arguments: Any) -> Run:
        """Return what runs a kernel on so many blocks.

        Floats are handed over as numbers of the type ``real``, ints as ints, None as no array.
        Without a GPU, where a plan is only made, the result does not run.
        """
        if self.xp is np:
            return Launches(_not_here)
        if blocks == 0:
            return Launches(_nothing)
        kernel, kind = function(self.xp, code, name), np.dtype(real).type
        given = tuple(_argument(a, kind) for a in arguments)
        return Launches(partial(kernel, (blocks,), (THREADS,), given))

    @staticmethod
    def blocks_for(count: int) -> int:
        """Return how many blocks have a thread for each of ``count`` places."""
        return -(-count // THREADS)

    @staticmethod
    def one_type(*arrays: Any) -> Any:
        """Return the type of numbers that all the arrays have.

        Raises:
            Refused: they have several, or one that no kernel is compiled for.
        """
        types = {a.dtype.name for a in arrays if a is not None}
        if len(types) > 1 or not types <= {"float32", "float64"}:
            raise Refused(f"takes float32 or float64 alone, not {' and '.join(sorted(types))}")
        return np.dtype(types.pop())

    @classmethod
    def image_type(cls, images: Sequence[Any], others: Sequence[Any] = ()) -> Any:
        """Return the type that all images are stored in; others have the one to compute with.

        Raises:
            Refused: the images have several, or one that no kernel is compiled for; or one of
                the others has another.
        """
        stored = {a.dtype.name for a in images if a is not None}
        if not stored <= set(NARROW):
            return cls.one_type(*images, *others)
        beside = {a.dtype.name for a in others if a is not None}
        if len(stored) > 1 or not beside <= {"float32"}:
            types = " and ".join(sorted(stored | beside))
            raise Refused(f"takes images of one type, and float32 beside them, not {types}")
        return np.dtype(stored.pop())

    @staticmethod
    def index_type(index: Any) -> str:
        """Return the name of the type of places in a kernel.

        Raises:
            Refused: no kernel is compiled for it.
        """
        name = "uint8" if index is None else str(index.dtype.name)
        if name not in TYPES:
            raise Refused(f"takes no places of the type {name}")
        return name


def _argument(value: Any, real: type[Any]) -> Any:
    if value is None:
        return NO_ARRAY
    if isinstance(value, float):
        return real(value)
    return np.int32(value) if isinstance(value, int) else value


def _nothing() -> None:
    """Do nothing: no place, no thread."""


def _not_here() -> None:
    raise AssertionError("a kernel was planned without a GPU, and then run")

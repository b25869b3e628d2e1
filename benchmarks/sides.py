"""The sides of a comparison: netdef, and PyTorch in its forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from lane import Make

FORMS = {"user": "torch as started", "tuned": "torch tuned"}
"""PyTorch as a user starts it, and with its allocator tuned, by the words of ``--forms``."""
TUNED = {
    "MALLOC_MMAP_THRESHOLD_": "20000000000",
    "MALLOC_TRIM_THRESHOLD_": "20000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""Keeps freed memory in the process; worth 1.5 to 1.8 times to PyTorch on the CPU."""
_COMPILED = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
"""Without it inductor keeps processes of its own, which take the processors from who runs next."""
LAYOUTS = {"NCHW": "contiguous_format", "channels_last": "channels_last"}


@dataclass(frozen=True)
class Side:
    """What runs a net, and the environment of its process.

    The sides of one form are ways to the same end, of which the fastest counts. One that
    ``may_fail`` is left out where it does.
    """

    form: str
    variant: str
    make: Make
    arguments: tuple[Any, ...]
    env: dict[str, str]
    may_fail: bool = False

    @property
    def name(self) -> str:
        """The form and the variant."""
        return f"{self.form}, {self.variant}" if self.variant else self.form


def thread_environment(threads: int) -> dict[str, str]:
    """Return what makes every library use so many threads."""
    return {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL")}


def torch_sides(
    make: Make, task: object, forms: Sequence[str], compiles: bool, threads: int
) -> list[Side]:
    """Return PyTorch in each form: each layout as it is and, where wanted, compiled.

    ``make`` takes the task, a memory format and the mode to compile in, None for not at all.
    """
    env = {"user": {}, "tuned": TUNED}
    modes = [None, "default"] if compiles else [None]
    return [
        Side(
            FORMS[form],
            f"{name} compiled" if mode else name,
            make,
            (task, LAYOUTS[name], mode),
            thread_environment(threads) | env[form] | (_COMPILED if mode else {}),
            may_fail=mode is not None,
        )
        for form, mode, name in product(forms, modes, LAYOUTS)
    ]


def torch_sides_on_gpu(make: Make, task: object, compiles: bool) -> list[Side]:
    """Return PyTorch in each layout: as it is and, where wanted, compiled in each mode.

    Any of them may fail: for want of memory, too.
    """
    modes: dict[str, str | None] = {"": None}
    if compiles:
        modes |= {" compiled": "default", " compiled, CUDA graphs": "reduce-overhead"}
    return [
        Side("torch", layout + words, make, (task, LAYOUTS[layout], mode), {}, may_fail=True)
        for (words, mode), layout in product(modes.items(), LAYOUTS)
    ]

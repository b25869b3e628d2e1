"""What a GPU can do: the rates of a large copy and a large product by CuPy.

In 16 bits the product is one of float16, whose rate is that of bfloat16. Numbers are drawn at
random: on zeros a GPU draws less power, and is faster than it ever is.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import click
import numpy as np
from contenders import Passes
from device_choice import device_option
from lane import Lane

from netdef.device import CPU, Device, gpu
from netdef.errors import NetdefError

_REPEATS = 10
_ROUNDS = 3


@dataclass(frozen=True)
class Rates:
    """GFLOP/s of a product, and GB/s of a copy, read and written."""

    product: float
    copy: float

    def or_higher(self, other: "Rates") -> "Rates":
        """Return the higher rates of two measurements."""
        return Rates(max(self.product, other.product), max(self.copy, other.copy))

    def __str__(self) -> str:
        return f"product {self.product:,.0f} GFLOP/s, copy {self.copy:,.0f} GB/s"


class GpuPeaks:
    """Measures the rates in a process of its own; on the CPU small ones, to try it out."""

    def __init__(self, number: int | None, precision: str) -> None:
        self.device = CPU if number is None else gpu(number)
        self.kind = "float16" if precision == "bf16" and number is not None else "float32"
        self.passes: Passes = {}

    def answer(self) -> dict[str, float]:
        return self.about()

    def about(self) -> dict[str, float]:
        side, count = (8192, 1 << 28) if self.device.is_gpu else (256, 1 << 20)
        return {
            "product": product_rate(self.device, self.kind, side),
            "copy": copy_rate(self.device, count),
        }


def measure_rates(number: int | None, precision: str) -> Rates:
    """Measure in a new process, in which CuPy may round to TF32 or not, as is asked.

    Raises:
        RunError: the process failed.
    """
    with closing(Lane(GpuPeaks, (number, precision), rounding_environment(precision))) as lane:
        return Rates(**lane.about())


def rounding_environment(precision: str) -> dict[str, str]:
    """Return what makes CuPy's products round to TF32, or not."""
    return {"CUPY_TF32": "1" if precision == "tf32" else "0"}


def product_rate(device: Device, kind: str, side: int) -> float:
    """Return GFLOP/s of a product of square matrices, their numbers drawn at random."""
    xp, random = device.xp, np.random.default_rng(0)
    a, b = (xp.asarray(random.random((side, side), "float32") - 0.5).astype(kind) for _ in "ab")
    out = xp.empty(a.shape, kind)
    return 2 * side**3 / _seconds(device, lambda: xp.matmul(a, b, out=out)) / 1e9


def copy_rate(device: Device, count: int) -> float:
    """Return GB/s, read and written, of a copy of so many floats."""
    xp = device.xp
    source = xp.arange(count, dtype="float32")
    goal = xp.empty(source.shape, "float32")
    return 2 * source.nbytes / _seconds(device, lambda: xp.copyto(goal, source)) / 1e9


def _seconds(device: Device, run: Callable[[], Any]) -> float:
    """Return the least mean of several runs that follow each other."""
    taken = []
    for _ in range(1 + _ROUNDS):  # the first one warms up
        began = perf_counter()
        for _ in range(_REPEATS):
            run()
        device.wait()
        taken.append((perf_counter() - began) / _REPEATS)
    return min(taken[1:])


@click.command(help=__doc__)
@device_option()
@click.option("--precisions", default="f32,tf32,bf16", show_default=True)
def main(gpu: int | None, precisions: str) -> None:
    """Print the rates in each precision."""
    try:
        for precision in precisions.split(","):
            print(f"{precision}: {measure_rates(gpu, precision)}", flush=True)
    except NetdefError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()

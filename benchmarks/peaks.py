"""What the machine can do: the rates that a large call reaches on netdef's engines."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from contenders import solver_of
from layer_clock import clock_steps
from plan_work import flops

from netdef.engines.threads import of_this_machine, parts
from netdef.prototxt import parse_net

CONVOLUTION = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 16 dim: 256 dim: 28 dim: 28 } } }
layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" }
layer { name: "conv" type: "Convolution" bottom: "relu" top: "conv"
  convolution_param { num_output: 256 kernel_size: 3 pad: 1 weight_filler { type: "msra" } } }
layer { name: "mean" type: "Pooling" bottom: "conv" top: "mean" loss_weight: 1
  pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
"""
"""The convolution lies between others: inputs and outputs of a net stay in float32."""
PRODUCT = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1024 dim: 4096 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" loss_weight: 1
  inner_product_param { num_output: 4096 weight_filler { type: "msra" } } }
"""
_STEPS = 5
_COPIED = 256 << 20
"""Bytes: many times what the caches hold."""


@dataclass(frozen=True)
class Peaks:
    """GFLOP/s of a large convolution and of a large product, GB/s of a large copy."""

    convolution: float
    product: float
    copy: float

    @property
    def compute(self) -> float:
        """GFLOP/s: the higher one of the two."""
        return max(self.convolution, self.product)

    def or_higher(self, other: "Peaks") -> "Peaks":
        """Return the higher rates of two measurements."""
        return Peaks(
            max(self.convolution, other.convolution),
            max(self.product, other.product),
            max(self.copy, other.copy),
        )


def measure_peaks(precision: str) -> Peaks:
    """Run each a few times, forward and backward; return the best of each."""
    return Peaks(_rate(CONVOLUTION, precision), _rate(PRODUCT, precision), _copy_rate())


def _rate(prototxt: str, precision: str) -> float:
    solver = solver_of(parse_net(prototxt, "peak.prototxt"), precision)
    times, _ = clock_steps(solver, _STEPS)
    counts = {way: flops(solver.net.plan, way) for way in ("forward", "backward")}
    return max(counts[way][node] / min(ms) / 1e6 for (way, node), ms in times.items())


def _copy_rate() -> float:
    """Return GB/s, read and written, of the engine's threads."""
    source = np.ones(_COPIED // 4, np.float32)
    goal = np.zeros_like(source)
    threads = of_this_machine()
    run = threads.together(
        [lambda p=p: np.copyto(goal[p], source[p]) for p in parts(source.size, threads.count)]
    )
    taken = []
    for _ in range(_STEPS):
        began = perf_counter()
        run()
        taken.append(perf_counter() - began)
    return 2 * _COPIED / min(taken) / 1e9

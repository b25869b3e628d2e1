"""The engine of NVIDIA GPUs, put together from its families of kernels."""

from types import ModuleType
from typing import ClassVar

import numpy as np

from netdef.engines.cupy.batch_norm import BatchNorm
from netdef.engines.cupy.indexing import Indexing
from netdef.engines.cupy.lrn import LocalResponse
from netdef.engines.cupy.pooling import Pooling
from netdef.engines.cupy.scoring import Scoring
from netdef.engines.cupy.softmax import Softmax
from netdef.engines.cupy.uniform import Uniform
from netdef.engines.engine import Clock
from netdef.engines.numpy import NumpyEngine
from netdef.engines.scratch import Scratch
from netdef.engines.threads import ALONE

_NARROW = frozenset(
    {"map", "copy", "concat", "lrn", "lrn_grad", "sum", "sum_product", "batch_statistics"}
    | {"pool_max", "pool_max_grad", "pool_average", "pool_average_grad"}
    | {"batch_norm", "batch_norm_back", "batch_norm_grad"}
)
"""Primitives whose kernels take images of 16 bits."""


class CupyEngine(
    Indexing, Pooling, LocalResponse, Softmax, Scoring, BatchNorm, Uniform, NumpyEngine
):
    """Own kernels where they do in one pass what CuPy's functions do in many; CuPy's elsewhere.

    Images lie ``(C, H, W, N)``, as for the reference engine: convolution is still its, and
    takes the whole batch as one matrix product without moving a number. The kernels run on
    any order, and fast where neighbouring threads meet neighbouring numbers, which is so in
    ``(N, H, W, C)`` as well. Numbers of 16 bits are computed with in float32: by the kernels
    one by one, elsewhere in copies.
    """

    name: ClassVar[str] = "cupy"
    takes_narrow: ClassVar[frozenset[str]] = _NARROW | {"gemm", "feed"}

    def __init__(
        self,
        xp: ModuleType = np,
        scratch: Scratch | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(xp, scratch, clock)
        self.threads = ALONE  # the device has its own; so planning needs what running does

    def computes_narrow(self, primitive: str) -> bool:
        return primitive in _NARROW

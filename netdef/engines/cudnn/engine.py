"""The engine of NVIDIA's cuDNN: what its graph API computes, on one GPU."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from netdef.engines import settings
from netdef.engines.cudnn.attention import Attention
from netdef.engines.cudnn.calls import NARROW
from netdef.engines.cudnn.convolution import Convolutions
from netdef.engines.cudnn.normalization import Normalization
from netdef.engines.cudnn.products import Products
from netdef.engines.engine import Clock
from netdef.engines.scratch import Scratch


class CudnnEngine(Convolutions, Normalization, Products, Attention):
    """Convolutions, batch normalization, products and attention, by plans that cuDNN makes.

    ``precision`` is that of the net, which says how its images lie best; ``tf32`` lets
    float32 be rounded to 10 bits before it is multiplied; with ``autotune`` plans are timed,
    and the fastest is taken. What is not given is as ``settings`` say.
    """

    name: ClassVar[str] = "cudnn"

    def __init__(
        self,
        xp: ModuleType = np,
        scratch: Scratch | None = None,
        clock: Clock | None = None,
        precision: str | None = None,
        tf32: bool | None = None,
        autotune: bool | None = None,
    ) -> None:
        super().__init__(xp, scratch, clock)
        self.precision = settings.chosen.precision if precision is None else precision
        self.tf32 = settings.chosen.tf32 if tf32 is None else tf32
        self.autotune = settings.chosen.autotune if autotune is None else autotune

    def running_on(self, xp: ModuleType, scratch: Scratch, clock: Clock) -> "CudnnEngine":
        return type(self)(xp, scratch, clock, self.precision, self.tf32, self.autotune)

    @property
    def own_passes(self) -> frozenset[str]:
        """Attention in one piece, in the 16 bits that cuDNN computes it in."""
        return frozenset() if self.precision == "F32" else frozenset({"attention"})

    def image_order(self, ndim: int) -> tuple[int, ...]:
        """Return channels innermost for tensor cores, plain for kernels that keep float32."""
        if self.precision == "F32" and not self.tf32:
            return tuple(range(ndim))
        return (0, *range(2, ndim), 1)

    def refuses(self, primitive: str, dtype: str, options: Mapping[str, Any]) -> str | None:
        if dtype not in ("float32", *NARROW):
            return f"computes in float32, bfloat16 and float16, not {dtype}"
        return None

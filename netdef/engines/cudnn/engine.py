"""The engine of NVIDIA's cuDNN: what its graph API computes, on one GPU."""

from collections.abc import Mapping
from typing import Any, ClassVar

from netdef.engines import settings
from netdef.engines.cudnn.calls import NARROW
from netdef.engines.cudnn.convolution import Convolutions
from netdef.engines.cudnn.normalization import Normalization
from netdef.engines.cudnn.products import Products


class CudnnEngine(Convolutions, Normalization, Products):
    """Convolutions, batch normalization and matrix products, by plans that cuDNN makes."""

    name: ClassVar[str] = "cudnn"

    @classmethod
    def image_order(cls, ndim: int) -> tuple[int, ...]:
        """Return channels innermost for tensor cores, plain for kernels that keep float32."""
        if settings.chosen.precision == "F32" and not settings.chosen.tf32:
            return tuple(range(ndim))
        return (0, *range(2, ndim), 1)

    def refuses(self, primitive: str, dtype: str, options: Mapping[str, Any]) -> str | None:
        if dtype not in ("float32", *NARROW):
            return f"computes in float32, bfloat16 and float16, not {dtype}"
        return None

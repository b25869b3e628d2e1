"""The engine of Intel's oneDNN: primitives compiled for this processor when they are planned."""

from collections.abc import Mapping
from typing import Any, ClassVar

from netdef.engines.onednn.copying import Copying
from netdef.engines.onednn.elementwise import Elementwise
from netdef.engines.onednn.layer_norm import LayerNorm
from netdef.engines.onednn.lrn import LocalResponse
from netdef.engines.onednn.normalization import Normalization
from netdef.engines.onednn.pooling import Pooling
from netdef.engines.onednn.prelu import PRelu
from netdef.engines.onednn.products import Products
from netdef.engines.onednn.softmax import Softmax
from netdef.engines.onednn.weight_gradient import WeightGradients


class OneDnnEngine(
    WeightGradients,
    Products,
    Elementwise,
    Copying,
    Pooling,
    LocalResponse,
    Normalization,
    LayerNorm,
    PRelu,
    Softmax,
):
    """What oneDNN does faster than NumPy, in float32 on the CPU."""

    name: ClassVar[str] = "onednn"

    def image_order(self, ndim: int) -> tuple[int, ...]:
        return (0, *range(2, ndim), 1)

    def refuses(self, primitive: str, dtype: str, options: Mapping[str, Any]) -> str | None:
        if dtype not in ("float32", "bfloat16"):
            return f"computes in float32 and bfloat16, not {dtype}"
        return None

"""The reference engine, put together from its families of primitives."""

from typing import ClassVar

from netdef.engines.numpy.attention import Attention
from netdef.engines.numpy.batch_norm import BatchNorm
from netdef.engines.numpy.convolution import Convolutions
from netdef.engines.numpy.copying import Copying
from netdef.engines.numpy.elementwise import Elementwise
from netdef.engines.numpy.indexing import Indexing
from netdef.engines.numpy.layer_norm import LayerNorm
from netdef.engines.numpy.lrn import LocalResponse
from netdef.engines.numpy.placing import Placing
from netdef.engines.numpy.pooling import Pooling
from netdef.engines.numpy.prelu import PRelu
from netdef.engines.numpy.products import Products
from netdef.engines.numpy.ranking import Ranking
from netdef.engines.numpy.scoring import Scoring
from netdef.engines.numpy.softmax import Softmax, SoftmaxLoss
from netdef.engines.numpy.splitting import Splitting
from netdef.engines.numpy.stochastic_pooling import StochasticPooling


class NumpyEngine(
    Attention,
    LayerNorm,
    PRelu,
    Splitting,
    Products,
    Convolutions,
    Pooling,
    Placing,
    StochasticPooling,
    LocalResponse,
    BatchNorm,
    Softmax,
    SoftmaxLoss,
    Scoring,
    Ranking,
    Indexing,
    Elementwise,
    Copying,
):
    """Every primitive on NumPy's functions, or on CuPy's, which are the same."""

    name: ClassVar[str] = "numpy"

    def image_order(self, ndim: int) -> tuple[int, ...]:
        return (*range(1, ndim), 0)

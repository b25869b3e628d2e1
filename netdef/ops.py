"""The primitives that layers are written in: a closed vocabulary.

A layer calls them on ``ops``. ``record`` hands it an ``Ops`` that writes the calls down;
tests hand it one that runs them at once. Either way a call arrives at ``emit`` with what
it reads, what it writes and its options, so that liveness, fusing and layouts need no
knowledge of single primitives.

Arrays that a primitive overwrites are passed as ``out``, arrays it adds to as ``add_to``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from netdef.window import Window

Array = Any
Arrays = Mapping[str, Any]

DROPPABLE = {("pool_max", "index"), ("lrn", "scales"), ("softmax_loss", "probability")}
"""Written roles that a primitive may be asked not to write, when nobody reads them."""

HOST_CALLS = frozenset({"feed", "host", "produce"})
"""What the executor runs itself; all others are an engine's."""


class Ops(ABC):
    """Every primitive, as a layer calls it."""

    @abstractmethod
    def emit(self, primitive: str, reads: Arrays, writes: Arrays, **options: Any) -> None:
        """Take one call: run it or write it down."""

    def gemm(
        self,
        a: Array,
        b: Array,
        *,
        trans_a: bool = False,
        trans_b: bool = False,
        bias: Array = None,
        out: Array = None,
        add_to: Array = None,
    ) -> None:
        """Matrix product: ``out = A B + bias`` by row, or ``add_to += A B``.

        Axes before the last two number matrices, which are multiplied one by one.
        """
        writes = _target(out, add_to)
        self.emit("gemm", dict(a=a, b=b, bias=bias), writes, trans_a=trans_a, trans_b=trans_b)

    def conv(
        self, x: Array, weight: Array, window: Window, group: int, *, bias: Array = None, out: Array
    ) -> None:
        """Cross-correlate x ``(N, C, *S)`` with weight ``(O, C / group, *kernel)``; add bias."""
        reads = dict(x=x, weight=weight, bias=bias)
        self.emit("conv", reads, dict(out=out), window=window, group=group)

    def conv_grad_x(
        self, weight: Array, dy: Array, window: Window, group: int, *, out: Array
    ) -> None:
        """Gradient of ``conv`` with respect to x; also the forward of a deconvolution."""
        reads = dict(weight=weight, dy=dy)
        self.emit("conv_grad_x", reads, dict(out=out), window=window, group=group)

    def conv_grad_weight(
        self, x: Array, dy: Array, window: Window, group: int, *, add_to: Array
    ) -> None:
        """Gradient of ``conv`` with respect to its weight."""
        reads = dict(x=x, dy=dy)
        self.emit("conv_grad_weight", reads, dict(add_to=add_to), window=window, group=group)

    def pool_max(self, x: Array, window: Window, *, out: Array, index: Array) -> None:
        """Largest pixel under the window; index is its place in the kernel, row by row.

        Windows are clipped to the image. Of equal pixels the first counts.
        """
        self.emit("pool_max", dict(x=x), dict(out=out, index=index), window=window)

    def pool_max_grad(self, dy: Array, index: Array, window: Window, *, out: Array) -> None:
        """Gradient of ``pool_max`` with respect to x."""
        self.emit("pool_max_grad", dict(dy=dy, index=index), dict(out=out), window=window)

    def pool_max_place(self, index: Array, image: Array, window: Window, *, out: Array) -> None:
        """Turn index into the pixel's place in its (unpadded) image plane, as Caffe's mask."""
        size = tuple(image.shape[2:])
        self.emit("pool_max_place", dict(index=index), dict(out=out), window=window, size=size)

    def unpool(self, x: Array, place: Array, *, out: Array) -> None:
        """Put each pixel at its place in a plane of zeros: the places of ``pool_max_place``.

        Of pixels with one place the last counts.
        """
        self.emit("unpool", dict(x=x, place=place), dict(out=out))

    def unpool_grad(self, dy: Array, place: Array, *, out: Array) -> None:
        """Gradient of ``unpool`` with respect to x."""
        self.emit("unpool_grad", dict(dy=dy, place=place), dict(out=out))

    def pool_average(self, x: Array, window: Window, *, out: Array) -> None:
        """Sum under the window over Caffe's divisor: its size clipped to the padded image."""
        self.emit("pool_average", dict(x=x), dict(out=out), window=window)

    def pool_average_grad(self, dy: Array, window: Window, *, out: Array) -> None:
        """Gradient of ``pool_average`` with respect to x."""
        self.emit("pool_average_grad", dict(dy=dy), dict(out=out), window=window)

    def pool_stochastic(
        self, x: Array, chance: Array, window: Window, *, out: Array, index: Array
    ) -> None:
        """A pixel under the window, drawn in proportion to it; index is its place in the kernel.

        It is the first at which the sum of the pixels, row by row, reaches ``chance`` (in
        [0, 1), as out) times that of the whole window. ``pool_max_grad`` is its gradient.
        Pixels are at least 0; windows are not padded, but clipped to the image.
        """
        reads, writes = dict(x=x, chance=chance), dict(out=out, index=index)
        self.emit("pool_stochastic", reads, writes, window=window)

    def lrn(
        self,
        x: Array,
        size: int,
        alpha: float,
        beta: float,
        k: float,
        *,
        out: Array,
        scales: Array,
    ) -> None:
        """Divide by a power of the ``size`` channels around: ``y = x / scale^beta``.

        ``scale = k + alpha / size * sum x^2``, with none past the ends. Channels of scales are
        first ``scale^beta``, then ``y / scale``: ``(N, 2 C, ...)``.
        """
        options = dict(size=size, alpha=alpha, beta=beta, k=k)
        self.emit("lrn", dict(x=x), dict(out=out, scales=scales), **options)

    def lrn_grad(
        self,
        x: Array,
        dy: Array,
        scales: Array,
        size: int,
        alpha: float,
        beta: float,
        k: float,
        *,
        out: Array,
    ) -> None:
        """Gradient of ``lrn``: ``dy / scale^beta - 2 alpha beta / size x sum(dy y / scale)``."""
        options = dict(size=size, alpha=alpha, beta=beta, k=k)
        self.emit("lrn_grad", dict(x=x, dy=dy, scales=scales), dict(out=out), **options)

    def batch_statistics(self, x: Array, *, mean: Array, variance: Array) -> None:
        """Mean and (biased) variance of each channel over all other axes."""
        self.emit("batch_statistics", dict(x=x), dict(mean=mean, variance=variance))

    def batch_norm_grad(self, y: Array, dy: Array, inverse_std: Array, *, out: Array) -> None:
        """Gradient of ``y = (x - mean(x)) inverse_std`` through its batch statistics.

        ``dx = inverse_std (dy - mean(dy) - y mean(dy y))``, means by channel.
        """
        reads = dict(y=y, dy=dy, inverse_std=inverse_std)
        self.emit("batch_norm_grad", reads, dict(out=out))

    def attention(
        self,
        q: Array,
        k: Array,
        v: Array,
        scale: float,
        *,
        hidden: Array = None,
        out: Array,
        stats: Array,
    ) -> None:
        """``softmax(q k^T scale + hidden) v``, the softmax over the places of k.

        q and out are (N, heads, T, features), k and v (N, heads, S, features). hidden, (T, S),
        is -inf for what lies behind a place, else 0. stats, (N, heads, T, 1), are the
        logarithms of the softmax's sums, from which backward makes it again.
        """
        reads = dict(q=q, k=k, v=v, hidden=hidden)
        self.emit("attention", reads, dict(out=out, stats=stats), scale=scale)

    def attention_back(
        self,
        q: Array,
        k: Array,
        v: Array,
        y: Array,
        dy: Array,
        stats: Array,
        scale: float,
        *,
        hidden: Array = None,
        dq: Array,
        dk: Array,
        dv: Array,
    ) -> None:
        """Gradients of ``y = attention(q, k, v)`` with respect to q, k and v."""
        reads = dict(q=q, k=k, v=v, hidden=hidden, y=y, dy=dy, stats=stats)
        self.emit("attention_back", reads, dict(dq=dq, dk=dk, dv=dv), scale=scale)

    def batch_norm(
        self,
        x: Array,
        eps: float,
        *,
        relu: bool = False,
        scale: Array = None,
        bias: Array = None,
        out: Array,
        mean: Array,
        variance: Array,
        mask: Array = None,
    ) -> None:
        """``(x - mean) / sqrt(variance + eps) scale + bias`` by channel, clipped at 0 if ``relu``.

        mean and (biased) variance are those of the batch; mask, of as many bytes as x has
        numbers, tells ``batch_norm_back`` what was clipped.
        """
        writes = dict(out=out, mean=mean, variance=variance, mask=mask)
        self.emit("batch_norm", dict(x=x, scale=scale, bias=bias), writes, eps=eps, relu=relu)

    def batch_norm_back(
        self,
        x: Array,
        dy: Array,
        mean: Array,
        variance: Array,
        eps: float,
        *,
        relu: bool = False,
        scale: Array = None,
        mask: Array = None,
        out: Array,
        add_scale: Array = None,
        add_bias: Array = None,
    ) -> None:
        """Gradients of ``batch_norm`` with respect to x, and added to those of scale and bias."""
        reads = dict(x=x, dy=dy, mean=mean, variance=variance, scale=scale, mask=mask)
        writes = dict(out=out, add_scale=add_scale, add_bias=add_bias)
        self.emit("batch_norm_back", reads, writes, eps=eps, relu=relu)

    def layer_norm(
        self,
        x: Array,
        eps: float,
        *,
        scale: Array = None,
        bias: Array = None,
        out: Array,
        mean: Array,
        variance: Array,
    ) -> None:
        """``(x - mean) / sqrt(variance + eps) scale + bias`` for each row of a matrix x.

        mean and (biased) variance are those of the rows; scale and bias are as long as one.
        """
        writes = dict(out=out, mean=mean, variance=variance)
        self.emit("layer_norm", dict(x=x, scale=scale, bias=bias), writes, eps=eps)

    def layer_norm_back(
        self,
        x: Array,
        dy: Array,
        mean: Array,
        variance: Array,
        eps: float,
        *,
        scale: Array = None,
        out: Array = None,
        add_scale: Array = None,
        add_bias: Array = None,
    ) -> None:
        """Gradients of ``layer_norm`` with respect to x, and added to those of scale and bias."""
        reads = dict(x=x, dy=dy, mean=mean, variance=variance, scale=scale)
        writes = dict(out=out, add_scale=add_scale, add_bias=add_bias)
        self.emit("layer_norm_back", reads, writes, eps=eps)

    def prelu(self, x: Array, slope: Array, *, out: Array) -> None:
        """``x`` where it is positive, ``slope x`` elsewhere; one slope a channel, or ``()``."""
        self.emit("prelu", dict(x=x, slope=slope), dict(out=out))

    def prelu_back(
        self, x: Array, dy: Array, slope: Array, *, out: Array = None, add_slope: Array = None
    ) -> None:
        """Gradients of ``prelu`` with respect to x, and added to that of the slopes."""
        writes = dict(out=out, add_slope=add_slope)
        self.emit("prelu_back", dict(x=x, dy=dy, slope=slope), writes)

    def softmax(self, x: Array, axis: int, *, out: Array) -> None:
        """``exp(x - max) / sum exp(x - max)`` along ``axis``."""
        self.emit("softmax", dict(x=x), dict(out=out), axis=axis)

    def softmax_grad(self, y: Array, dy: Array, axis: int, *, out: Array) -> None:
        """Gradient of ``softmax``: ``y (dy - sum(y dy))``."""
        self.emit("softmax_grad", dict(y=y, dy=dy), dict(out=out), axis=axis)

    def softmax_loss(
        self,
        x: Array,
        label: Array,
        axis: int,
        *,
        ignore: int | None,
        normalization: str,
        out: Array,
        probability: Array,
        normalizer: Array,
    ) -> None:
        """Mean of ``-log softmax(x)[label]`` along ``axis``; divided by normalizer.

        normalization is FULL (all labels), VALID (those not ignored), BATCH_SIZE or NONE.
        """
        writes = dict(out=out, probability=probability, normalizer=normalizer)
        self.emit(
            "softmax_loss",
            dict(x=x, label=label),
            writes,
            axis=axis,
            ignore=ignore,
            normalization=normalization,
        )

    def softmax_loss_grad(
        self,
        probability: Array,
        label: Array,
        normalizer: Array,
        dloss: Array,
        axis: int,
        *,
        ignore: int | None,
        out: Array,
    ) -> None:
        """Gradient of ``softmax_loss``: ``(probability - onehot(label)) dloss / normalizer``."""
        reads = dict(probability=probability, label=label, normalizer=normalizer, dloss=dloss)
        self.emit("softmax_loss_grad", reads, dict(out=out), axis=axis, ignore=ignore)

    def accuracy(
        self,
        x: Array,
        label: Array,
        axis: int,
        *,
        top_k: int,
        ignore: int | None,
        out: Array,
        per_class: Array = None,
    ) -> None:
        """The part of labels among the ``top_k`` largest scores along ``axis``."""
        writes = dict(out=out, per_class=per_class)
        self.emit("accuracy", dict(x=x, label=label), writes, axis=axis, top_k=top_k, ignore=ignore)

    def largest(
        self, x: Array, count: int, axis: int, *, index: Array = None, value: Array = None
    ) -> None:
        """The ``count`` largest numbers along ``axis``, largest first, and their places.

        Of equal numbers the last comes first. Either may be left out.
        """
        writes = dict(index=index, value=value)
        self.emit("largest", dict(x=x), writes, count=count, axis=axis)

    def map(
        self, expression: str, *, out: Array = None, add_to: Array = None, **operands: Any
    ) -> None:
        """Compute an elementwise expression over arrays, which broadcast, and numbers.

        See ``netdef.expression`` for the language: ``ops.map("maximum(x, 0)", x=x, out=y)``.
        """
        arrays = {k: v for k, v in operands.items() if hasattr(v, "shape")}
        numbers = {k: float(v) for k, v in operands.items() if k not in arrays}
        writes = _target(out, add_to)
        self.emit("map", arrays, writes, expression=expression, numbers=numbers)

    def sum(
        self, x: Array, axes: tuple[int, ...], *, out: Array = None, add_to: Array = None
    ) -> None:
        """Sum over ``axes``, which the result no longer has."""
        self.emit("sum", dict(x=x), _target(out, add_to), axes=axes)

    def sum_product(
        self, a: Array, b: Array, axes: tuple[int, ...], *, out: Array = None, add_to: Array = None
    ) -> None:
        """Sum of ``a b`` over ``axes``, which the result no longer has."""
        self.emit("sum_product", dict(a=a, b=b), _target(out, add_to), axes=axes)

    def copy(self, x: Array, *, out: Array) -> None:
        """Copy x, whatever the strides and numeric types of both."""
        self.emit("copy", dict(x=x), dict(out=out))

    def fill(self, value: float, *, out: Array) -> None:
        """Set every element to ``value``."""
        self.emit("fill", {}, dict(out=out), value=value)

    def gather(self, table: Array, index: Array, *, out: Array) -> None:
        """Take rows of table by the whole numbers in index: ``out[i] = table[index[i]]``."""
        self.emit("gather", dict(table=table, index=index), dict(out=out))

    def scatter(self, rows: Array, index: Array, *, add_to: Array) -> None:
        """Add rows to those of a table: ``add_to[index[i]] += rows[i]``, repeats as well."""
        self.emit("scatter", dict(rows=rows, index=index), dict(add_to=add_to))

    def one_hot(self, label: Array, axis: int, *, ignore: int | None = None, out: Array) -> None:
        """1 at each label along ``axis``, 0 elsewhere, and everywhere for labels to ignore."""
        self.emit("one_hot", dict(label=label), dict(out=out), axis=axis, ignore=ignore)

    def unfold(self, x: Array, window: Window, *, out: Array) -> None:
        """Lay every window's pixels in a column: ``(N, C, *S)`` to ``(N, C * kernel, *T)``."""
        self.emit("unfold", dict(x=x), dict(out=out), window=window)

    def fold(self, columns: Array, window: Window, *, out: Array) -> None:
        """Gradient of ``unfold``: add every column's pixels up where they came from."""
        self.emit("fold", dict(columns=columns), dict(out=out), window=window)

    def concat(self, parts: tuple[Array, ...], axis: int, *, out: Array) -> None:
        """Lay parts side by side along ``axis``."""
        self.emit("concat", dict(parts=tuple(parts)), dict(out=out), axis=axis)

    def uniform(self, name: str, *, out: Array) -> None:
        """Fill with random numbers in [0, 1): the stream ``name`` of this layer, this iteration."""
        self.emit("uniform", {}, dict(out=out), stream=name)

    def feed(self, *, out: tuple[Array, ...]) -> None:
        """Fill ``out`` with the next batch of the layer's data source."""
        self.emit("feed", {}, dict(out=out))

    def host(
        self, function: Callable[..., None], *reads: Array, out: tuple[Array, ...] = ()
    ) -> None:
        """Call ``function(*reads, *out)`` on arrays of the host: what cannot be recorded."""
        self.emit("host", dict(reads=reads), dict(out=out), function=function)

    def produce(
        self, function: Callable[..., tuple[Array, ...]], *reads: Array, out: tuple[Array, ...]
    ) -> None:
        """Call ``function(*reads)`` on arrays of the host; what it returns resizes ``out``.

        For tops whose shapes depend on values. If they are not the planned ones, the rest of
        the net is planned anew, and the pass goes on there.
        """
        self.emit("produce", dict(reads=reads), dict(out=out), function=function)


def _target(out: Array, add_to: Array) -> Arrays:
    assert (out is None) != (add_to is None), "give out or add_to"
    return dict(out=out) if add_to is None else dict(add_to=add_to)

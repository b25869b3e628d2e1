"""Softmax, alone and with its loss."""

from collections.abc import Callable
from typing import Any

import numpy as np

from netdef.engines.engine import Engine, Run
from netdef.engines.numpy.labels import Labels, flat


class Softmax(Engine):
    """The primitives ``softmax`` and the gradients of it and its loss."""

    def softmax(self, x: Any, out: Any, *, axis: int) -> Run:
        xp = self.xp
        line = self.scratch.take(_one_along(x.shape, axis), x.dtype)

        def run() -> None:
            xp.amax(x, axis=axis, keepdims=True, out=line)
            xp.subtract(x, line, out=out)
            # Rounded once, as the C library's: see ``elementwise``.
            xp.exp(out, out=out, dtype="float64", casting="same_kind")
            xp.sum(out, axis=axis, keepdims=True, out=line)
            xp.divide(out, line, out=out)

        return run

    def softmax_grad(self, y: Any, dy: Any, out: Any, *, axis: int) -> Run:
        xp = self.xp
        line = self.scratch.take(_one_along(y.shape, axis), y.dtype)
        product = self.scratch.take(y.shape, y.dtype)

        def run() -> None:
            xp.multiply(y, dy, out=product)
            xp.sum(product, axis=axis, keepdims=True, out=line)
            xp.subtract(dy, line, out=product)
            xp.multiply(product, y, out=out)

        return run

    def softmax_loss_grad(
        self,
        probability: Any,
        label: Any,
        normalizer: Any,
        dloss: Any,
        out: Any,
        *,
        axis: int,
        ignore: int | None,
    ) -> Run:
        xp = self.xp
        kept = out if flat(out) is not None else self.scratch.take_like(probability)
        seen = probability if probability.strides == kept.strides else kept
        labels, line = Labels(self, kept, label, axis, ignore), flat(kept)
        wide = labels.is_valid.reshape(_one_along(probability.shape, axis))
        true = self.scratch.take(labels.number.shape, out.dtype)

        def run() -> None:
            labels.read()
            if seen is kept:
                xp.copyto(kept, probability)
            scale = dloss / normalizer
            labels.gather(flat(seen), true)
            xp.subtract(true, 1, out=true)
            xp.multiply(true, scale, out=true)
            xp.multiply(seen, scale, out=kept)
            line[labels.place] = true
            if ignore is not None and not labels.is_valid.all():
                xp.multiply(kept, wide, out=kept)
            if kept is not out:
                xp.copyto(out, kept)

        return run


class SoftmaxLoss(Engine):
    """The primitive ``softmax_loss``, over the engine's own ``softmax``."""

    softmax: Callable[..., Run]

    def softmax_loss(
        self,
        x: Any,
        label: Any,
        out: Any,
        probability: Any,
        normalizer: Any,
        *,
        axis: int,
        ignore: int | None,
        normalization: str,
    ) -> Run:
        xp, kept = self.xp, probability
        if kept is None or kept.strides != x.strides:
            kept = self.scratch.take_like(x)
        soften = self.softmax(x, kept, axis=axis)
        labels, line = Labels(self, kept, label, axis, ignore), flat(kept)
        loss = self.scratch.take(labels.number.shape, x.dtype)
        outer = int(np.prod(x.shape[: axis % x.ndim]))
        divisor = _divisor(normalization, labels, outer)
        smallest = np.finfo(np.float32).tiny

        def run() -> None:
            soften()
            labels.read()
            labels.gather(line, loss)
            xp.maximum(loss, smallest, out=loss)
            xp.log(loss, out=loss)
            xp.multiply(loss, labels.is_valid, out=loss)
            normalizer.fill(divisor())
            xp.divide(-loss.sum(), normalizer, out=out)
            if probability is not None and kept is not probability:
                xp.copyto(probability, kept)

        return run


def _one_along(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return tuple(1 if i == axis % len(shape) else n for i, n in enumerate(shape))


def _divisor(normalization: str, labels: Labels, outer: int) -> Any:
    """Return what gives Caffe's normalizer, at least 1 so that no labels make no loss."""
    if normalization == "VALID":
        return lambda: max(1.0, float(labels.is_valid.sum()))
    fixed = {"FULL": labels.number.size, "BATCH_SIZE": outer, "NONE": 1}[normalization]
    return lambda: max(1.0, float(fixed))

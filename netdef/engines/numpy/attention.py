"""Attention of several heads, between its projections."""

from collections.abc import Callable
from typing import Any

from netdef.engines.engine import Engine, Run


class Attention(Engine):
    """The primitives ``attention`` and ``attention_back``."""

    def attention(
        self,
        q: Any,
        k: Any,
        v: Any,
        hidden: Any,
        out: Any,
        stats: Any,
        *,
        scale: float,
    ) -> Run:
        xp = self.xp
        match = self.scratch.take((*q.shape[:-1], k.shape[-2]), q.dtype)
        most = self.scratch.take((*q.shape[:-1], 1), q.dtype)
        find = self._matches(q, k, hidden, match, scale)

        def run() -> None:
            find()
            xp.amax(match, axis=-1, keepdims=True, out=most)
            xp.subtract(match, most, out=match)
            xp.exp(match, out=match)
            xp.sum(match, axis=-1, keepdims=True, out=stats)
            xp.divide(match, stats, out=match)
            xp.matmul(match, v, out=out)
            xp.log(stats, out=stats)
            xp.add(stats, most, out=stats)

        return run

    def attention_back(
        self,
        q: Any,
        k: Any,
        v: Any,
        hidden: Any,
        y: Any,
        dy: Any,
        stats: Any,
        dq: Any,
        dk: Any,
        dv: Any,
        *,
        scale: float,
    ) -> Run:
        xp = self.xp
        shape = (*q.shape[:-1], k.shape[-2])
        share, error = (self.scratch.take(shape, q.dtype) for _ in range(2))
        product = self.scratch.take(q.shape, q.dtype)
        mean = self.scratch.take((*q.shape[:-1], 1), q.dtype)
        find = self._matches(q, k, hidden, share, scale)

        def run() -> None:
            find()
            xp.subtract(share, stats, out=share)
            xp.exp(share, out=share)
            xp.matmul(share.swapaxes(-1, -2), dy, out=dv)
            xp.matmul(dy, v.swapaxes(-1, -2), out=error)
            xp.multiply(y, dy, out=product)
            xp.sum(product, axis=-1, keepdims=True, out=mean)
            xp.subtract(error, mean, out=error)
            xp.multiply(error, share, out=error)
            xp.multiply(error, scale, out=error)
            xp.matmul(error, k, out=dq)
            xp.matmul(error.swapaxes(-1, -2), q, out=dk)

        return run

    def _matches(self, q: Any, k: Any, hidden: Any, out: Any, scale: float) -> Callable[[], None]:
        """Return what sets ``out = q k^T scale + hidden``."""
        xp = self.xp

        def run() -> None:
            xp.matmul(q, k.swapaxes(-1, -2), out=out)
            xp.multiply(out, scale, out=out)
            if hidden is not None:
                xp.add(out, hidden, out=out)

        return run

"""Matrix products."""

from typing import Any

from netdef.engines.engine import Engine, Run

_BLOCK = 1 << 20
"""Elements of a product made at once before it is added to its target: about the L2 cache."""


class Products(Engine):
    """The primitive ``gemm``."""

    def gemm(
        self,
        a: Any,
        b: Any,
        bias: Any = None,
        out: Any = None,
        add_to: Any = None,
        *,
        trans_a: bool,
        trans_b: bool,
    ) -> Run:
        a, b = a.swapaxes(-1, -2) if trans_a else a, b.swapaxes(-1, -2) if trans_b else b
        if add_to is not None:
            return self._add_product(a, b, add_to)
        matmul, add = self.xp.matmul, self.xp.add
        if bias is None:
            return lambda: matmul(a, b, out=out)

        def run() -> None:
            matmul(a, b, out=out)
            add(out, bias, out=out)

        return run

    def _add_product(self, a: Any, b: Any, target: Any) -> Run:
        """Add ``a b`` to target by blocks of rows, so that the sum is made in the cache."""
        if target.ndim > 2:
            return self._add_products(a, b, target)
        rows = max(1, min(a.shape[0], _BLOCK // max(1, b.shape[1])))
        block = self.scratch.take((rows, b.shape[1]), target.dtype)
        matmul, add = self.xp.matmul, self.xp.add
        parts = [
            (a[i : i + rows], target[i : i + rows], block[: min(rows, a.shape[0] - i)])
            for i in range(0, a.shape[0], rows)
        ]

        def run() -> None:
            for left, goal, product in parts:
                matmul(left, b, out=product)
                add(goal, product, out=goal)

        return run

    def _add_products(self, a: Any, b: Any, target: Any) -> Run:
        product = self.scratch.take(target.shape, target.dtype)
        matmul, add = self.xp.matmul, self.xp.add

        def run() -> None:
            matmul(a, b, out=product)
            add(target, product, out=target)

        return run

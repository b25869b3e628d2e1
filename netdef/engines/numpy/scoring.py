"""Accuracy."""

from typing import Any

from netdef.engines.engine import Engine, Run
from netdef.engines.numpy.labels import Labels


class Scoring(Engine):
    """The primitive ``accuracy``."""

    def accuracy(
        self,
        x: Any,
        label: Any,
        out: Any,
        per_class: Any,
        *,
        axis: int,
        top_k: int,
        ignore: int | None,
    ) -> Run:
        """Count a label as found if fewer than ``top_k`` other scores are as large as its own."""
        xp = self.xp
        plain = self.scratch.take(x.shape, x.dtype)
        labels = Labels(self, plain, label, axis, ignore)
        is_better = self.scratch.take(x.shape, "bool")
        lines = [1 if i == axis % x.ndim else n for i, n in enumerate(x.shape)]
        true = self.scratch.take(labels.number.shape, x.dtype)
        rank = self.scratch.take(tuple(lines), "int64")
        is_found = self.scratch.take(labels.number.shape, "bool")

        def run() -> None:
            labels.read()
            xp.copyto(plain, x)
            labels.gather(plain.reshape(-1), true)
            xp.greater_equal(plain, true.reshape(lines), out=is_better)
            xp.sum(is_better, axis=axis, keepdims=True, out=rank)
            xp.less_equal(rank.reshape(-1), top_k, out=is_found)
            xp.logical_and(is_found, labels.is_valid, out=is_found)
            xp.divide(is_found.sum(), xp.maximum(labels.is_valid.sum(), 1), out=out)
            if per_class is not None:
                found = xp.bincount(labels.number[is_found], minlength=labels.classes)
                count = xp.bincount(labels.number[labels.is_valid], minlength=labels.classes)
                xp.copyto(per_class, found / xp.maximum(count, 1))

        return run

"""Running primitives at once, without a plan: how a layer is tried on a few arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.engines import Clock, Scratch
from netdef.engines.numpy import NumpyEngine
from netdef.layer import Grad, Layer
from netdef.ops import Array, Arrays, Ops
from netdef.shape import Shape


class Eager(Ops):
    """Runs each call on NumPy arrays of any float type as soon as it is made."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._engine = NumpyEngine(scratch=_Fresh(), clock=clock)

    def emit(self, primitive: str, reads: Arrays, writes: Arrays, **options: Any) -> None:
        if primitive == "host":
            options["function"](*reads["reads"], *writes["out"])
        else:
            self._engine.prepare(primitive, {**reads, **writes}, options)()


class _Fresh(Scratch):
    """Scratch memory without a plan that knows its size: each part is new."""

    def take(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return np.empty(shape, dtype)


class Trial:
    """One layer with arrays of its own: fill them, run it, look at them.

    ``bottoms`` and ``tops`` are in the layer's order, ``weights`` and ``saved`` by name.
    Weights begin at 0. ``forward`` overwrites the tops, what is saved, and the weights
    that are not learned; ``backward`` needs a ``forward`` before it.
    """

    def __init__(
        self,
        layer: Layer,
        *bottoms: tuple[int, ...],
        tops: int | None = None,
        dtype: str = "float64",
        clock: Clock | None = None,
    ) -> None:
        self.layer, self.dtype, self._ops = layer, dtype, Eager(clock)
        count = layer.top_ports().fewest if tops is None else tops
        names = [f"top{i}" for i in range(count)]
        self.signature = layer.signature([Shape(s) for s in bottoms], names)
        self.bottoms = [np.zeros(s, dtype) for s in bottoms]
        self.tops = [np.zeros(s, dtype) for s in self.signature.tops]
        self.weights = {w.name: np.zeros(w.shape, dtype) for w in self.signature.weights}
        self.saved = {
            s.name: np.zeros(s.shape, dtype if s.dtype == "float32" else s.dtype)
            for s in self.signature.saved
        }
        for s in self.signature.saved:
            if s.first is not None:
                self.saved[s.name][...] = s.first

    @classmethod
    def on(cls, layer: Layer, *bottoms: Any, tops: int | None = None, **weights: Any) -> "Trial":
        """Make a trial with the bottoms' and weights' values, in the first bottom's float type."""
        arrays = [np.asarray(b) for b in bottoms]
        is_float = bool(arrays) and arrays[0].dtype.kind == "f"
        dtype = str(arrays[0].dtype) if is_float else "float64"
        trial = cls(layer, *(a.shape for a in arrays), tops=tops, dtype=dtype)
        for room, values in zip(trial.bottoms, arrays, strict=True):
            room[...] = values
        for name, values in weights.items():
            trial.weights[name][...] = values
        return trial

    def forward(self) -> list[Array]:
        """Run the layer; returns the tops."""
        self.layer.forward(self._ops, **self._asked("forward", self._named()))
        return self.tops

    def backward(
        self,
        top_diffs: Sequence[Array],
        bottom_grads: Sequence[Array | None],
        weight_grads: dict[str, Array] | None = None,
    ) -> None:
        """Overwrite the gradients of bottoms and add to those of weights; None asks for none."""
        assert self.layer.backward is not None
        diffs = self.layer.top_ports().name(top_diffs)
        named = self._named() | {f"d{name}": diff for name, diff in diffs.items()}
        grad = Grad(**self.layer.bottom_ports().name(bottom_grads), **(weight_grads or {}))
        self.layer.backward(self._ops, grad=grad, **self._asked("backward", named))

    def _named(self) -> dict[str, Any]:
        bottoms = self.layer.bottom_ports().name(self.bottoms)
        tops = self.layer.top_ports().name(self.tops)
        everything = {"all_tops": tuple(self.tops), "all_weights": tuple(self.weights.values())}
        return {**bottoms, **tops, **everything, **self.weights, **self.saved}

    def _asked(self, method: str, named: dict[str, Any]) -> dict[str, Any]:
        return {name: named[name] for name in self.layer.wants(method) if name in named}


__all__ = ["Eager", "Trial"]

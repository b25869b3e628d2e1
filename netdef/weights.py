"""The weights of a net and their gradients: two flat arenas, and a view for each blob."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netdef.device import Device
from netdef.engines import aligned
from netdef.fillers import fill
from netdef.infer import Param
from netdef.out_of_memory import allocating

_ALIGNMENT = 16
"""Elements: 64 bytes, a cache line and a vector register."""


@dataclass(frozen=True)
class Segment:
    """A stretch of the arenas whose blobs have the same multipliers."""

    start: int
    stop: int
    lr_mult: float
    decay_mult: float


class Weights:
    """All weight blobs of one net, in stretches of equal multipliers; learned ones first."""

    def __init__(self, params: Sequence[Param], device: Device) -> None:
        self.device = device
        self.params = {p.key: p for p in params}
        self.starts: dict[str, int] = {}
        self.segments: list[Segment] = []
        end = 0
        groups = sorted({(p.lr_mult, p.decay_mult) for p in params}, key=lambda g: g[0] == 0)
        for lr_mult, decay_mult in groups:
            start = end
            for p in params:
                if (p.lr_mult, p.decay_mult) == (lr_mult, decay_mult):
                    self.starts[p.key] = end
                    size = int(np.prod(p.weight.shape, dtype=np.int64))
                    end += -(-size // _ALIGNMENT) * _ALIGNMENT
            if lr_mult:
                self.segments.append(Segment(start, end, lr_mult, decay_mult))
        self.learned = self.segments[-1].stop if self.segments else 0
        """How many elements, from the start, are learned."""
        self.version: int | None = 0
        """Another number when they have changed; None if others may change them unseen."""
        with allocating(device, "the weights and their gradients", 8 * end):
            self.data, self.grad = (aligned(device.xp, 4 * end).view("float32") for _ in range(2))
        self.history_bytes = 0
        """What a solver keeps of the weights besides."""

    def view(self, arena: Any, key: str) -> Any:
        """Return the part of an arena that is the blob's, in its shape."""
        shape, start = self.params[key].weight.shape, self.starts[key]
        return arena[start : start + int(np.prod(shape, dtype=np.int64))].reshape(shape)

    def fill(self, seed: int) -> None:
        """Set every blob to its first values, its layer's or its filler's."""
        for i, (key, param) in enumerate(self.params.items()):
            rng = np.random.Generator(np.random.Philox(key=[seed, i + 1]))
            values = np.empty(param.weight.shape, "float32")
            if param.weight.first is None:
                fill(values, param.weight.filler, rng)
            else:
                values[...] = param.weight.first
            self.view(self.data, key)[...] = self.device.xp.asarray(values)

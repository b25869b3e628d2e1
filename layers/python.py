"""The layer that a user writes in Python."""

from functools import cached_property
from typing import ClassVar

from netdef.layer import Filler, Grad, Layer, Signature, Weight, field
from netdef.ops import Array, Ops
from netdef.proto import TEST, TRAIN
from netdef.python_layer import UserLayer
from netdef.shape import Shape


class Python(Layer, message="python_param"):
    """Whatever the class ``layer`` of the Python module ``module`` does, as in pycaffe.

    The class has the methods ``setup(bottom, top)``, ``reshape(bottom, top)``,
    ``forward(bottom, top)`` and ``backward(top, propagate_down, bottom)``, and finds
    ``self.phase``, ``self.param_str`` and ``self.blobs``; see ``netdef.Layer``. It runs on
    the host, whatever the device, and only after ``--allow-python`` or
    ``netdef.allow_python()``: a prototxt of somebody else's could name any code.

    Shapes:
        x: any.
        y: as ``reshape`` says, which may change them from pass to pass.

    Raises:
        ConfigError: it may not run, or the module, class or a method is not there.
        RunError: its code raised an error; with the line.
    """

    bottoms: ClassVar[tuple[str, ...]] = ("*x",)
    tops: ClassVar[tuple[str, ...]] = ("*y",)
    fewest_bottoms: ClassVar[int] = 0
    fewest_tops: ClassVar[int] = 0

    module: str = field()
    layer: str = field()
    param_str: str
    share_in_parallel: bool

    @cached_property
    def _user(self) -> UserLayer:
        phase = TRAIN if self.training else TEST
        return UserLayer(self.module, self.layer, self.param_str or "", phase)

    def infer(self, x: tuple[Shape, ...], tops: tuple[str, ...]) -> Signature:
        shapes = self._user.shapes(x, len(tops))
        weights = [
            Weight(f"blob{i}", blob.shape, Filler(), first=blob.data.copy())
            for i, blob in enumerate(self._user.blobs)
        ]
        return Signature(shapes, weights)

    def forward(
        self,
        ops: Ops,
        x: tuple[Array, ...],
        y: tuple[Array, ...],
        all_weights: tuple[Array, ...],
    ) -> None:
        ops.produce(self._user.forward, *x, *all_weights, out=y)

    def backward(
        self,
        ops: Ops,
        x: tuple[Array, ...],
        dy: tuple[Array, ...],
        all_weights: tuple[Array, ...],
        grad: Grad,
    ) -> None:
        into_weights = [getattr(grad, f"blob{i}") for i in range(len(all_weights))]
        added = [g for g in into_weights if g is not None]
        function = self._user.backward(_which(grad.x), _which(into_weights))
        out = (*(g for g in grad.x if g is not None), *added)
        ops.host(function, *x, *dy, *all_weights, *added, out=out)


def _which(grads: tuple[Array, ...] | list[Array]) -> tuple[bool, ...]:
    return tuple(g is not None for g in grads)

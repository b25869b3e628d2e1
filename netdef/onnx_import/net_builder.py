"""``NetBuilder``: the layers and weights of a net, added one by one, each with its shapes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.errors import ConfigError, ShapeError
from netdef.layer import LAYERS
from netdef.proto import LayerParameter, NetParameter
from netdef.shape import Shape

Array = NDArray[Any]


@dataclass(frozen=True)
class Blob:
    """A blob of the net, with padding by zeros that the layers behind it take in.

    ``padding`` has a pair for each axis from the third on, before and behind; it is empty if
    there is none.
    """

    name: str
    shape: Shape
    padding: tuple[tuple[int, int], ...] = ()


@dataclass
class NetBuilder:
    """A net that grows: its layers in order, and the weights of each."""

    name: str
    layers: list[LayerParameter] = field(default_factory=list)
    blobs: dict[str, list[Array]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def input(self, name: str, shape: Sequence[int]) -> Blob:
        """Add a blob that the user fills."""
        layer = LayerParameter(name=self.unique(name), type="Input", top=[name])
        layer.input_param.shape.add(dim=shape)
        self.layers.append(layer)
        return Blob(name, Shape(shape))

    def add(
        self,
        type: str,
        name: str,
        bottoms: Sequence[Blob],
        weights: Sequence[Array] = (),
        tops: int = 1,
        **fields: Any,
    ) -> list[Blob]:
        """Add a layer with its weights, and return its tops; ``fields`` are its messages.

        Raises:
            ConfigError: a bottom has padding that only convolution and pooling take in.
            FieldError, ShapeError: the layer cannot be so.
        """
        padded = [b.name for b in bottoms if b.padding]
        if padded:
            raise ConfigError("reads what a Pad made; only Conv and pooling can take padding in")
        name = self.unique(name)
        names = [name] if tops == 1 else [self.unique(f"{name}_{i}") for i in range(tops)]
        layer = LayerParameter(
            name=name, type=type, bottom=[b.name for b in bottoms], top=names, **fields
        )
        built = LAYERS[type].from_proto(layer, training=False)
        signature = built.signature([b.shape for b in bottoms], names)
        shapes = [w.shape for w in signature.weights]
        self.layers.append(layer)
        if shapes:
            given = [np.asarray(w, np.float32) for w in weights]
            if [w.size for w in given] != [Shape(s).size for s in shapes]:
                held = ", ".join(str(Shape(w.shape)) for w in given)
                wanted = ", ".join(str(Shape(s)) for s in shapes)
                raise ShapeError(f"its constants {held} are not the {wanted} that {type} takes")
            self.blobs[name] = [w.reshape(s) for w, s in zip(given, shapes, strict=True)]
        return [Blob(n, s) for n, s in zip(names, signature.tops, strict=True)]

    def layer_of(self, blob: Blob) -> LayerParameter:
        """Return the layer that makes a blob."""
        return next(layer for layer in self.layers if blob.name in layer.top)

    def rename(self, old: str, new: str) -> None:
        """Give a blob another name, wherever it is read and made."""
        for layer in self.layers:
            for names in (layer.bottom, layer.top):
                names[:] = [new if name == old else name for name in names]

    def silence(self, outputs: Sequence[str]) -> None:
        """Add a Silence for what no layer reads and is none of ``outputs``."""
        read = {bottom for layer in self.layers for bottom in layer.bottom}
        made = [t for one in self.layers if one.type != "Input" for t in one.top]
        unread = [Blob(t, Shape(())) for t in made if t not in read and t not in outputs]
        if unread:
            self.add("Silence", "unread", unread, tops=0)

    def unique(self, name: str) -> str:
        """Return the name, with a number behind it if it is taken, and take it."""
        number, found = 1, name
        while found in self.taken:
            number, found = number + 1, f"{name}_{number + 1}"
        self.taken.add(found)
        return found

    def net(self) -> NetParameter:
        """Return the net without its weights; inputs that no layer reads are left out."""
        read = {bottom for layer in self.layers for bottom in layer.bottom}
        kept = [one for one in self.layers if one.type != "Input" or one.top[0] in read]
        return NetParameter(name=self.name, layer=kept)

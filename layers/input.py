"""The layer of blobs that the user fills."""

from typing import ClassVar

from netdef.errors import FieldError
from netdef.layer import Layer, Signature
from netdef.ops import Ops
from netdef.proto import BlobShape
from netdef.shape import Shape


class Input(Layer, message="input_param"):
    """Blobs that the user fills before each pass.

    Shapes:
        y: as each ``shape`` says; one ``shape`` serves all tops.

    Raises:
        FieldError: there are neither one nor as many shapes as tops.
    """

    bottoms: ClassVar[tuple[str, ...]] = ()
    tops: ClassVar[tuple[str, ...]] = ("*y",)

    shape: tuple[BlobShape, ...]

    def infer(self, tops: tuple[str, ...]) -> Signature:
        shapes = [Shape(s.dim) for s in self.shape]
        if len(shapes) not in (1, len(tops)):
            raise FieldError(
                f"input_param has {len(shapes)} shapes for {len(tops)} tops; give one, or one each"
            )
        return Signature(tops=shapes * len(tops) if len(shapes) == 1 else shapes)

    def forward(self, ops: Ops) -> None:
        """Nothing is computed: the numbers are there already."""

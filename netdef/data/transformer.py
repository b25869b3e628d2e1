"""All that ``transform_param`` does to images."""

from collections.abc import Sequence

import numpy as np

from netdef.data.augmentation import Augmentation, Images
from netdef.data.finish import Finish
from netdef.data.normalization import Normalization
from netdef.errors import FieldError, ShapeError
from netdef.proto import TRAIN, TransformationParameter
from netdef.shape import Shape


class Transformer:
    """Turns the images of a batch into what the net sees.

    ``Augmentation`` changes them where fields ask for it, then ``Normalization`` crops, mirrors,
    subtracts the mean and scales, as in Caffe. The randomness of a record depends on ``seed``,
    ``stream`` and the record's running number only.

    Shapes:
        x: ``(C, H, W)`` uint8 or float32.
        y: ``(C, crop_size, crop_size)`` float32, or ``(C, H, W)`` without ``crop_size``.

    Raises:
        FieldError: fields that exclude each other are both set.
        MissingFile: ``mean_file`` is not there.
    """

    def __init__(
        self, param: TransformationParameter, phase: int, seed: int = 0, stream: str = ""
    ) -> None:
        if param.force_color and param.force_gray:
            raise FieldError("force_color and force_gray exclude each other; remove one")
        self._crop_size: int = param.crop_size
        self.color = True if param.force_color else False if param.force_gray else None
        self._normalization = Normalization(param, phase, seed, f"{stream}/transform")
        self._augmentation = Augmentation(param, phase, seed, f"{stream}/augmentation")
        self._resizes = bool(param.resize) or param.min_crop_area < 1
        self._cuts_parts = phase == TRAIN and param.min_crop_area < 1

    def least_side(self, size: Sequence[int] = ()) -> int:
        """Return the pixels that sides of images need, for ``reduced_decoding``.

        ``size`` is the height and width that images are resized to before, if they are.

        Raises:
            FieldError: images are not resized.
        """
        if any(size):
            return max(size)
        if not self._resizes:
            raise FieldError(
                "reduced_decoding needs the size that images become: set resize or min_crop_area"
                " in transform_param"
            )
        return self._augmentation.least_side

    def shape(self, image: Shape) -> Shape:
        """Return the shape that an image of shape ``(C, H, W)`` gets.

        Raises:
            ShapeError: it is smaller than the crop, or the mean does not fit it.
        """
        self._normalization.check(image)
        image = self._augmentation.shape(image)
        channels, height, width = image
        crop = self._crop_size
        if not self._cuts_parts and crop > min(height, width):
            raise ShapeError(
                f"crop_size {crop} is larger than the image of {height} x {width} pixels; "
                "lower crop_size or convert to larger images"
            )
        return Shape((channels, crop, crop)) if crop else Shape(image)

    def apply(self, images: Images, first: int, out: np.ndarray) -> None:
        """Write the transformed ``images`` to ``out``; ``first`` numbers the first of them.

        Each image must have passed ``shape``.

        Shapes:
            images: N of ``(C, H, W)``, or all in one array.
            out: ``(N, C, h, w)`` float32.
        """
        if self._augmentation.changes_images:
            images = self._augmentation.apply(images, first)
        self._normalization.apply(images, first, out)
        if self._augmentation.cutout:
            self._augmentation.cut_squares(out, first)

    def finish(self) -> Finish | None:
        """Return what a GPU can do of this, if images are left to it; None if they cannot be."""
        return None if self._augmentation.cutout else self._normalization.finish

    def pixels(self, image: Shape, of_one_size: bool) -> Shape:
        """Return the shape in which images are left to a GPU, of which one has that shape.

        They are cut here if they are not ``of_one_size``.
        """
        channels, *sides = self._augmentation.shape(image)
        is_whole = of_one_size or self._normalization.has_mean_image
        if self._crop_size and (self._cuts_parts or not is_whole):
            sides = [self._crop_size] * 2
        return Shape((channels, *sides))

    def leave(self, images: Images, first: int, pixels: np.ndarray, drawn: np.ndarray) -> None:
        """Write images as bytes, and what is drawn for them, for a GPU that does the rest.

        Shapes:
            images: N of ``(C, H, W)`` uint8, or all in one array.
            pixels: ``(N, C, H, W)`` uint8; see ``pixels``.
            drawn: ``(N, 3)`` int32; see ``Finish``.
        """
        if self._augmentation.changes_images:
            images = self._augmentation.apply(images, first)
        self._normalization.leave(images, first, pixels, drawn)

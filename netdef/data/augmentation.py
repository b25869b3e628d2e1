"""What training changes in images at random, and how they are brought to one size before."""

import math
from collections.abc import Sequence

import numpy as np

from netdef.data.colour_jitter import ColourJitter
from netdef.data.geometry import padded, part, resized_sides, turned
from netdef.data.image_file import resize
from netdef.data.random_words import random_words
from netdef.errors import FieldError, ShapeError
from netdef.proto import TRAIN, TransformationParameter
from netdef.shape import Shape

Images = Sequence[np.ndarray] | np.ndarray
"""Images ``(C, H, W)``, or all in one array."""
_UNIT = 2.0**-53


def uniform(words: np.ndarray) -> np.ndarray:
    """Return random words as numbers from 0 up to, but without, 1."""
    return (words >> np.uint64(11)) * _UNIT


class Augmentation:
    """Resizes and pads images, and in TRAIN turns them, cuts out parts and changes colours.

    In this order: ``resize``, ``pad``, ``max_rotation``, a part of ``min_crop_area`` or more
    resized to ``crop_size`` (Szegedy et al., Going deeper with convolutions, 2015), colours.
    What happens to a record depends on ``seed``, ``stream`` and its running number only.

    Raises:
        FieldError: a field is out of range, or fields exclude each other.
    """

    def __init__(self, param: TransformationParameter, phase: int, seed: int, stream: str) -> None:
        _check(param)
        self._param, self._seed, self._stream = param, seed, stream
        self._is_random = phase == TRAIN
        self._colours = ColourJitter(param) if self._is_random else None
        self._cuts_parts = self._is_random and param.min_crop_area < 1
        self._turns = self._is_random and param.max_rotation > 0
        self.cutout: int = param.cutout if self._is_random else 0

    @property
    def changes_images(self) -> bool:
        """Whether ``apply`` does anything."""
        param = self._param
        colours = self._colours is not None and self._colours.changes_images
        return bool(param.resize or param.pad or self._cuts_parts or self._turns or colours)

    @property
    def least_side(self) -> int:
        """The pixels that sides of images need, so that nothing is made larger; 0 is all."""
        if self._param.resize or not self._cuts_parts:
            return int(self._param.resize)
        # Of a part with so small an area the sides are, on average, so much shorter.
        return math.ceil(self._param.crop_size / math.sqrt(self._param.min_crop_area))

    def shape(self, image: Shape) -> Shape:
        """Return the shape of an image of shape ``(C, H, W)`` before it is cropped.

        Raises:
            ShapeError: colours cannot be changed in so many channels.
        """
        channels, height, width = image
        if self._colours is not None and self._colours.needs_colours and channels != 3:
            raise ShapeError(
                f"saturation and hue need 3 channels, the image has {channels}; remove them, or "
                "set force_color"
            )
        pad = 2 * self._param.pad
        height, width = resized_sides(self._param, height, width)
        return Shape((channels, height + pad, width + pad))

    def apply(self, images: Images, first: int) -> list[np.ndarray]:
        """Return the changed images; ``first`` numbers the first of them.

        Shapes:
            images: ``(C, H, W)`` each.
        """
        count = len(images)
        cuts, colours, turns = (
            uniform(random_words(self._seed, f"{self._stream}/{name}", first, count))
            for name in ("part", "colours", "rotation")
        )
        return [
            self._changed(image, *numbers)
            for image, *numbers in zip(images, cuts, colours, turns[:, 0], strict=True)
        ]

    def cut_squares(self, y: np.ndarray, first: int) -> None:
        """Set a square of each image to 0; its centre is anywhere (DeVries and Taylor, 2017).

        Shapes:
            y: ``(N, C, h, w)``.
        """
        numbers = uniform(random_words(self._seed, f"{self._stream}/cutout", first, len(y)))
        for image, (row, column, _, _) in zip(y, numbers, strict=True):
            top, left = (
                int(at * length) - self.cutout // 2
                for at, length in zip((row, column), image.shape[1:], strict=True)
            )
            bottom, right = top + self.cutout, left + self.cutout
            image[:, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 0

    def _changed(
        self, image: np.ndarray, cut: np.ndarray, colours: np.ndarray, turn: float
    ) -> np.ndarray:
        param = self._param
        size = resized_sides(param, *image.shape[1:])
        if size != image.shape[1:]:
            image = resize(image, *size)
        if param.pad:
            image = padded(param, image)
        if self._turns:
            image = turned(param, image, 2 * turn - 1)
        if self._cuts_parts:
            rows, columns = part(param, image.shape[1:], cut)
            image = resize(image[:, rows, columns], param.crop_size, param.crop_size)
        if self._colours is not None and self._colours.changes_images:
            image = self._colours.apply(image, colours)
        return image


def _check(param: TransformationParameter) -> None:
    if not 0 < param.min_crop_area <= 1:
        raise FieldError(
            f"min_crop_area must be above 0 and at most 1, got {param.min_crop_area:g}"
        )
    if param.min_crop_area < 1 and not param.crop_size:
        raise FieldError("min_crop_area needs crop_size, the side that parts are resized to")
    if param.max_crop_aspect < 1:
        raise FieldError(f"max_crop_aspect must be at least 1, got {param.max_crop_aspect:g}")
    for name in ("max_rotation", "hue"):
        if not 0 <= getattr(param, name) <= 180:
            raise FieldError(f"{name} must be from 0 to 180 degrees, got {getattr(param, name):g}")
    for name in ("brightness", "contrast", "saturation"):
        if not 0 <= getattr(param, name) <= 1:
            raise FieldError(f"{name} must be from 0 to 1, got {getattr(param, name):g}")
    moves = ("resize", "pad", "max_rotation")
    moving = [name for name in moves if getattr(param, name)]
    moving += ["min_crop_area"] if param.min_crop_area < 1 else []
    if param.mean_file and moving:
        raise FieldError(
            f"mean_file does not fit images that {moving[0]} changes; set mean_value instead"
        )

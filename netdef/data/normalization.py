"""Caffe's image transformation: crop, mirror, subtract the mean, scale."""

from collections.abc import Sequence

import numpy as np

from netdef.data.augmentation import Images
from netdef.data.mean_file import mean_of
from netdef.data.random_parts import cut_parts
from netdef.data.random_words import random_words
from netdef.errors import FieldError, ShapeError
from netdef.proto import TRAIN, TransformationParameter
from netdef.shape import Shape

SMALL = 1 << 13
"""Up to so many values, calling NumPy for each image costs more than copying the images first."""


class Normalization:
    """``y = (crop(x) - crop(mean)) * scale``, flipped left to right with probability 1/2.

    The last only if ``mirror``, in both phases, as Caffe does. The crop is cut at random in
    TRAIN and from the centre in TEST, as ``seed``, ``stream`` and a record's number decide.

    Shapes:
        x: ``(C, H, W)`` uint8 or float32.
        y: ``(C, crop_size, crop_size)`` float32, or ``(C, H, W)`` without ``crop_size``.

    Raises:
        FieldError: both ``mean_file`` and ``mean_value`` are set.
        MissingFile: ``mean_file`` is not there.
    """

    def __init__(self, param: TransformationParameter, phase: int, seed: int, stream: str) -> None:
        if param.mean_file and param.mean_value:
            raise FieldError("mean_file and mean_value exclude each other; remove one")
        self._crop_size: int = param.crop_size
        self._crops_at_random = bool(param.crop_size) and phase == TRAIN
        self._mirrors, self._scale = param.mirror, np.float32(param.scale)
        self._mean_file: str = param.mean_file
        self._mean = mean_of(param)
        self._seed, self._stream = seed, stream

    def check(self, image: Shape) -> None:
        """Fail unless the mean fits an image of shape ``(C, H, W)``.

        Raises:
            ShapeError: it does not.
        """
        if self._mean is None:
            return
        if self._mean_file:
            if self._mean.shape != tuple(image):
                raise ShapeError(
                    f"mean_file {self._mean_file} has the shape {Shape(self._mean.shape)}, the "
                    f"image {Shape(image)}; compute the mean of this database, or use mean_value"
                )
        elif len(self._mean) not in (1, image[0]):
            raise ShapeError(
                f"{len(self._mean)} mean_values for {image[0]} channels; give 1 or {image[0]}"
            )

    def apply(self, images: Images, first: int, out: np.ndarray) -> None:
        """Write the images to ``out``; ``first`` numbers the first of them.

        Shapes:
            images: N of ``(C, H, W)``, or all in one array.
            out: ``(N, C, h, w)`` float32.
        """
        count = len(images)
        is_random = self._mirrors or self._crops_at_random
        words = random_words(self._seed, self._stream, first, count) if is_random else None
        if images[0].size <= SMALL and len({image.shape for image in images}) == 1:
            block = images if isinstance(images, np.ndarray) else np.stack(images)
            if words is None:
                self._write(block, self._corner(block), False, out)
            else:
                self._write_each(block, words, out)
            return
        numbers = [None] * count if words is None else words.tolist()
        for image, word, y in zip(images, numbers, out, strict=True):
            flips = self._mirrors and word is not None and bool(word[2] & 1)
            self._write(image, self._corner(image, word), flips, y)

    def _corner(self, image: np.ndarray, word: Sequence[int] | None = None) -> tuple[int, int]:
        """Return the crop's first row and column."""
        if not self._crop_size:
            return 0, 0
        rows, columns = (length - self._crop_size for length in image.shape[-2:])
        if self._crops_at_random and word is not None:
            return word[0] % (rows + 1), word[1] % (columns + 1)
        return rows // 2, columns // 2

    def _write_each(self, x: np.ndarray, words: np.ndarray, y: np.ndarray) -> None:
        """Crop, normalise and flip a block of images into ``y``, each as its words say."""
        corners = np.broadcast_to(self._corner(x), (len(x), 2))
        if self._crops_at_random:
            free = np.array(x.shape[2:], np.uint64) - np.uint64(self._crop_size - 1)
            corners = (words[:, :2] % free).astype(int)
        mirrored = (words[:, 2] & np.uint64(self._mirrors)).astype(bool)
        sides = y.shape[2:]
        np.copyto(y, cut_parts(x, corners, sides, mirrored))
        if self._mean is not None and self._mean_file:
            means = np.broadcast_to(self._mean, (len(x), *self._mean.shape))
            y -= cut_parts(means, corners, sides, mirrored)
        elif self._mean is not None:
            y -= self._mean
        if self._scale != 1:
            y *= self._scale

    def _write(self, x: np.ndarray, corner: tuple[int, int], flips: bool, y: np.ndarray) -> None:
        """Crop, normalise and flip one image or a block of them into ``y``."""
        (top, left), (height, width) = corner, y.shape[-2:]
        window = (..., slice(top, top + height), slice(left, left + width))
        target = y[..., ::-1] if flips else y
        if self._mean is None:
            np.multiply(x[window], self._scale, out=target)
            return
        mean = self._mean[window] if self._mean_file else self._mean
        np.subtract(x[window], mean, out=target)
        if self._scale != 1:
            y *= self._scale

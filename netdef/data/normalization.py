"""Caffe's image transformation: crop, mirror, subtract the mean, scale."""

import numpy as np

from netdef.data.augmentation import Images
from netdef.data.finish import DRAWN, Finish
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

    @property
    def has_mean_image(self) -> bool:
        """Whether a mean image is subtracted, which only fits images of its size."""
        return bool(self._mean_file)

    @property
    def finish(self) -> Finish:
        """What is left to do with images after ``leave``."""
        return Finish(self._mean, self._scale, self._crop_size)

    def apply(self, images: Images, first: int, out: np.ndarray) -> None:
        """Write the images to ``out``; ``first`` numbers the first of them.

        Shapes:
            images: N of ``(C, H, W)``, or all in one array.
            out: ``(N, C, h, w)`` float32.
        """
        drawn = self._draw(images, first)
        is_random = self._mirrors or self._crops_at_random
        if images[0].size > SMALL or len(_sizes(images)) > 1:
            for image, (top, left, flips), y in zip(images, drawn.tolist(), out, strict=True):
                self._write(image, (top, left), bool(flips), y)
            return
        block = images if isinstance(images, np.ndarray) else np.stack(images)
        if is_random:
            self._write_each(block, drawn[:, :2], drawn[:, 2].astype(bool), out)
        else:
            self._write(block, tuple(drawn[0, :2]), False, out)

    def leave(self, images: Images, first: int, pixels: np.ndarray, drawn: np.ndarray) -> None:
        """Write the images' bytes, and what is drawn for them, for what does the rest.

        Images of another size than ``pixels`` have are cut already, and lie in its first corner.

        Shapes:
            images: N of ``(C, H, W)`` uint8, or all in one array.
            pixels: ``(N, C, H, W)`` uint8.
            drawn: ``(N, 3)`` int32; see ``Finish``.
        """
        drawn[...] = self._draw(images, first)
        if isinstance(images, np.ndarray) and images.shape == pixels.shape:
            np.copyto(pixels, images)
            return
        for image, own, x in zip(images, drawn, pixels, strict=True):
            if image.shape == x.shape:
                np.copyto(x, image)
            else:
                side, (top, left, _) = self._crop_size, own.tolist()
                x[:, :side, :side] = image[:, top : top + side, left : left + side]
                own[:2] = 0

    def _draw(self, images: Images, first: int) -> np.ndarray:
        """Return of each image the crop's first row and column, and whether it is flipped."""
        drawn = np.zeros((len(images), DRAWN), np.int64)
        if self._crop_size:
            sizes = _sizes(images)
            sides = sizes[0] if len(sizes) == 1 else [image.shape[-2:] for image in images]
            free = np.array(sides, np.int64) - self._crop_size
            drawn[:, :2] = free // 2
        if not (self._mirrors or self._crops_at_random):
            return drawn
        words = random_words(self._seed, self._stream, first, len(images))
        if self._crops_at_random:
            drawn[:, :2] = words[:, :2] % (free + 1).astype(np.uint64)
        drawn[:, 2] = words[:, 2] & np.uint64(self._mirrors)
        return drawn

    def _write_each(
        self, x: np.ndarray, corners: np.ndarray, mirrored: np.ndarray, y: np.ndarray
    ) -> None:
        """Crop, normalise and flip a block of images into ``y``, each as it was drawn."""
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


def _sizes(images: Images) -> list[tuple[int, ...]]:
    """Return the sides that images have, each once."""
    if isinstance(images, np.ndarray):
        return [images.shape[-2:]]
    return list({image.shape[-2:]: None for image in images})

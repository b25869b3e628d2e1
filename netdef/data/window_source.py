"""Batches of windows of images, as Caffe's WindowData layer has them."""

import os

import numpy as np

from netdef.data.image_file import file_content, image_of
from netdef.data.mean_file import read_mean
from netdef.data.prefetch import Batch
from netdef.data.prefetched_source import PrefetchedSource
from netdef.data.random_words import random_words
from netdef.data.window_crop import WindowCrop
from netdef.data.window_kinds import background_and_objects
from netdef.data.window_list import ImageWindow, read_window_list
from netdef.errors import FieldError, ShapeError, at
from netdef.proto import TransformationParameter, WindowDataParameter
from netdef.shape import Shape

_CHANNELS = 3
_OWN_FIELDS = 2000
"""Where the numbers of the schema's fields that Caffe does not have begin."""


class WindowSource(PrefetchedSource):
    """Windows drawn from a list: background first, then objects, so many of each a batch.

    A window with an overlap of ``fg_threshold`` or more is an object of its class; one of
    less than ``bg_threshold`` is background, class 0; others are not used. Which ones come is
    random, and so is mirroring: both depend on ``seed``, ``name`` and the window's running
    number only. Pixels become ``(x - mean) * scale``, padding 0.

    Shapes:
        images: ``(batch_size, 3, crop_size, crop_size)`` float32, BGR.
        labels: ``(batch_size,)`` float32.

    Raises:
        FieldError: a field of ``param`` or ``transform`` has no meaning.
        MissingFile: the list or the mean file is not there.
        DataError: the list is wrong, or has no windows of a kind that is asked for.
    """

    def __init__(
        self,
        param: WindowDataParameter,
        transform: TransformationParameter,
        seed: int,
        name: str = "",
    ) -> None:
        self._param, self._stream, self._seed = param, f"{name}/windows", seed
        _refuse_augmentation(transform)
        self._crop = _crop(param, transform.crop_size)
        self._mean = _mean(transform)
        self._mirrors = transform.mirror
        # Caffe reads only the old place of scale, which is window_data_param.
        self._scale = np.float32(transform.scale if transform.HasField("scale") else param.scale)
        # In float32, as Caffe computes it: 10 times 0.7 is 7.
        self._objects = int(np.float32(param.batch_size) * np.float32(param.fg_fraction))
        self._kinds = background_and_objects(param, self._objects, read_window_list(param.source))
        size = self._crop.size
        top = Shape((param.batch_size, _CHANNELS, size, size))
        self._cached: dict[str, bytes] = {}
        shapes = (top, Shape((param.batch_size,)))
        # Windows are drawn, not gone through: there is no last one.
        super().__init__(shapes, param.batch_size, records=None, threads=os.cpu_count() or 1)

    def _where(self, window: ImageWindow) -> str:
        return f"{self._param.source}:{window.line}"

    def _read(self, first: int) -> int:
        return first

    def _fill(self, first: int, batch: Batch) -> Batch:
        images, labels = batch
        images.fill(0)
        words = random_words(self._seed, self._stream, first, len(images))
        for i, (choice, flip, _, _) in enumerate(words.tolist()):
            kind = self._kinds[i >= len(images) - self._objects]
            window = kind[choice % len(kind)]
            with at(self._where(window)):
                self._put(window, self._mirrors and bool(flip & 1), images[i])
            labels[i] = window.label
        return batch

    def _put(self, window: ImageWindow, flips: bool, y: np.ndarray) -> None:
        """Write a window's pixels to ``y``, which is 0."""
        path = f"{self._param.root_folder}{window.image}"
        image = image_of(self._content(path), path, color=True)
        pixels, top, left = self._crop.cut(image, window, flips)
        place = np.s_[:, top : top + pixels.shape[1], left : left + pixels.shape[2]]
        mean = self._mean[place] if self._mean.shape[-1] > 1 else self._mean
        np.multiply(pixels - mean, self._scale, out=y[place])

    def _content(self, path: str) -> bytes:
        if path in self._cached:
            return self._cached[path]
        content = file_content(path)
        if self._param.cache_images:
            self._cached[path] = content
        return content


def _refuse_augmentation(transform: TransformationParameter) -> None:
    """Refuse the fields that change whole images, beyond Caffe's."""
    for field, _ in transform.ListFields():
        if field.number >= _OWN_FIELDS:
            raise FieldError(f"{field.name} is not for windows; remove it")


def _crop(param: WindowDataParameter, size: int) -> WindowCrop:
    if not size:
        raise FieldError("transform_param must set crop_size, the side of the windows in pixels")
    if param.crop_mode not in ("warp", "square"):
        raise FieldError(f"crop_mode must be warp or square, got {param.crop_mode!r}")
    if 2 * param.context_pad >= size:
        raise FieldError(
            f"context_pad {param.context_pad} leaves no pixel of crop_size {size}; make it less "
            "than half"
        )
    return WindowCrop(size, param.context_pad, param.crop_mode == "square")


def _mean(param: TransformationParameter) -> np.ndarray:
    """Return the mean as ``(3, crop_size, crop_size)`` from a file, else ``(C, 1, 1)``."""
    if param.mean_file and param.mean_value:
        raise FieldError("mean_file and mean_value exclude each other; remove one")
    if param.mean_file:
        return _centre(read_mean(param.mean_file), param)
    values = np.array(param.mean_value or [0], np.float32)
    if len(values) not in (1, _CHANNELS):
        raise ShapeError(f"{len(values)} mean_values for 3 channels; give 1 or 3")
    return values.reshape(-1, 1, 1)


def _centre(mean: np.ndarray, param: TransformationParameter) -> np.ndarray:
    """Cut the crop's square out of the middle of a mean image."""
    size: int = param.crop_size
    channels, *sides = mean.shape
    if channels != _CHANNELS or min(sides) < size:
        raise ShapeError(
            f"mean_file {param.mean_file} has the shape {Shape(mean.shape)}; it needs 3 channels "
            f"and at least crop_size {size} pixels a side"
        )
    top, left = ((side - size) // 2 for side in sides)
    return mean[:, top : top + size, left : left + size]

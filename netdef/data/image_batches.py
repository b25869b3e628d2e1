"""Prefetched batches of images: finished here, or left to a GPU as bytes."""

from typing import Any

import numpy as np

from netdef.data.augmentation import Images
from netdef.data.finish import DRAWN, Finish
from netdef.data.prefetch import Batch
from netdef.data.prefetched_source import PrefetchedSource
from netdef.data.transformer import Transformer
from netdef.shape import Shape


class ImageBatches(PrefetchedSource):
    """A prefetched source whose first top is images that ``transformer`` changes.

    ``image`` is the shape of the first one. Whether images are left to a GPU, and how they lie
    then, depends on what they are: bytes or floats, known to be all of one size or not, and
    decoded with the channels of a pixel side by side (``channels_last``) or not.

    Shapes:
        batch: images ``(batch_size, C, h, w)`` float32 and the other tops; if images are left to
            a GPU ``(batch_size, C, H, W)`` uint8, what was drawn ``(batch_size, 3)`` int32, and
            the other tops.
    """

    def __init__(
        self,
        transformer: Transformer,
        image: Shape,
        others: tuple[Shape, ...],
        batch_size: int,
        *,
        are_bytes: bool,
        of_one_size: bool,
        channels_last: bool,
        **options: Any,
    ) -> None:
        self._transformer, self._first_image = transformer, image
        self._are_bytes, self._of_one_size = are_bytes, of_one_size
        self._channels_last = channels_last
        top = transformer.shape(image)
        super().__init__((Shape((batch_size, *top)), *others), batch_size, **options)

    def leave_images(self) -> Finish | None:
        """Hand out images as bytes from now on, and return what is left to do with them.

        None if a GPU cannot do it: images stay finished then. Call it before the first batch.
        """
        self.finish = self._transformer.finish() if self._are_bytes else None
        return self.finish

    def _new_batch(self) -> Batch:
        images, *others = super()._new_batch()
        if self.finish is None:
            return (images, *others)
        return (*self._new_pixels(self._first_image, len(images)), *others)

    def _new_pixels(self, image: Shape, count: int) -> Batch:
        channels, height, width = self._transformer.pixels(image, self._of_one_size)
        drawn = np.empty((count, DRAWN), np.int32)
        if self._channels_last:
            pixels = np.empty((count, height, width, channels), np.uint8).transpose(0, 3, 1, 2)
        else:
            pixels = np.empty((count, channels, height, width), np.uint8)
        return pixels, drawn

    def _put(self, images: Images, first: int, batch: Batch) -> Batch:
        """Write images to a batch, or to a new one if its one image has another shape."""
        image = Shape(images[0].shape)
        top = self._transformer.shape(image)
        is_usual = top == self.shapes[0][1:]
        if self.finish is None:
            batch = batch if is_usual else (np.empty((1, *top), np.float32), *batch[1:])
            self._transformer.apply(images, first, batch[0])
            return batch
        batch = batch if is_usual else (*self._new_pixels(image, 1), *batch[2:])
        self._transformer.leave(images, first, *batch[:2])
        return batch

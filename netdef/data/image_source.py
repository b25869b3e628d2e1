"""Batches from image files that a list names, as Caffe's ImageData layer has them."""

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from netdef.data.datum import Label
from netdef.data.image_batches import ImageBatches
from netdef.data.image_file import read_image
from netdef.data.image_list import ImageEntry, read_label_list
from netdef.data.prefetch import Batch
from netdef.data.random_words import permutation, random_words
from netdef.data.transformer import Transformer
from netdef.errors import FieldError, ShapeError, at
from netdef.proto import TransformationParameter
from netdef.shape import Shape


class ImageSource(ImageBatches):
    """The images of a list in order, round and round, in batches.

    Image files are ``root`` and the list's name, one after the other. With ``shuffle`` each
    round has a new order, as ``seed`` and ``name`` decide; ``rand_skip`` leaves out fewer than
    so many images at the start. ``reduced`` decodes JPEGs at a part of their size that are much
    larger than what they are resized to. All images get the shape of the first one, but with
    ``batch_size`` 1 each may have its own.

    Shapes:
        images: ``(batch_size, C, h, w)`` float32, transformed.
        labels: ``(batch_size,)`` float32, or ``(batch_size, labels)`` if that is not 0.

    Raises:
        FieldError: only one of ``height`` and ``width`` is given, or nothing resizes images
            with ``reduced``.
        MissingFile: the list is not there.
        DataError: the list is wrong, or an image is missing or damaged; the message names
            the list's line.
    """

    def __init__(
        self,
        source: str | Path,
        batch_size: int,
        transform_param: TransformationParameter,
        phase: int,
        seed: int,
        *,
        root: str = "",
        color: bool = True,
        height: int = 0,
        width: int = 0,
        shuffle: bool = False,
        rand_skip: int = 0,
        name: str = "",
        reduced: bool = False,
        labels: int = 0,
    ) -> None:
        if bool(height) != bool(width):
            raise FieldError("give new_height and new_width, in pixels, or none of them")
        self._source, self._root = source, root
        self._color, self._size = color, (height, width)
        self._shuffles, self._seed, self._name = shuffle, seed, name
        self._labels = labels
        self._entries = self._listed()
        transformer = self._transformer = Transformer(transform_param, phase, seed, name)
        self._least = transformer.least_side(self._size) if reduced else 0
        # Two rounds may meet in a batch, and threads may be a batch apart.
        self._order = lru_cache(maxsize=4)(self._round)
        skipped = random_words(seed, f"{name}/rand_skip", 0, 1)[0, 0] if rand_skip else 0
        position = int(skipped) % max(rand_skip, 1)
        first = self._entry(position)
        with at(self._where(first)):
            image = Shape(self._image(first).shape)
            transformer.shape(image)
        label = (labels,) if labels else ()
        super().__init__(
            transformer,
            image,
            (Shape((batch_size, *label)),),
            batch_size,
            are_bytes=True,
            of_one_size=bool(height),
            channels_last=True,
            records=len(self._entries),
            first=position,
            threads=os.cpu_count() or 1,
        )

    def _listed(self) -> list[ImageEntry[Label]]:
        return read_label_list(self._source, self._labels)

    def _round(self, number: int) -> np.ndarray:
        return permutation(self._seed, f"{self._name}/shuffle {number}", len(self._entries))

    def _entry(self, position: int) -> ImageEntry[Label]:
        number, place = divmod(position, len(self._entries))
        return self._entries[self._order(number)[place] if self._shuffles else place]

    def _where(self, entry: ImageEntry[Label]) -> str:
        return f"{self._source}:{entry.line}"

    def _read(self, first: int) -> tuple[int, list[ImageEntry[Label]]]:
        return first, [self._entry(first + i) for i in range(self._batch_size)]

    def _fill(self, raw: tuple[int, list[ImageEntry[Label]]], batch: Batch) -> Batch:
        first, entries = raw
        images = []
        for entry in entries:
            with at(self._where(entry)):
                images.append(self._image(entry))
                self._check(entry, images[-1])
        batch[-1][:] = [entry.label for entry in entries]
        return self._put(images, first, batch)

    def _image(self, entry: ImageEntry[Label]) -> np.ndarray:
        return read_image(f"{self._root}{entry.name}", self._color, *self._size, self._least)

    def _check(self, entry: ImageEntry[Label], image: np.ndarray) -> None:
        """Fail unless an image gets the shape of the first one; a batch of one may have any."""
        top, first = self._transformer.shape(Shape(image.shape)), Shape(self.shapes[0][1:])
        if top != first and self._batch_size > 1:
            raise ShapeError(
                f"{entry.name} becomes {top}, the first image {first}; set new_height and "
                "new_width, crop_size, or batch_size 1"
            )

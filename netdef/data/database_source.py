"""Batches from a database of images, as Caffe's Data layer has them."""

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from netdef.data.augmentation import Images
from netdef.data.database import open_database
from netdef.data.datum import Label, label_of, parse, pixels
from netdef.data.image_batches import ImageBatches
from netdef.data.lmdb_reader import View, key_text
from netdef.data.prefetch import Batch
from netdef.data.prefetched_source import AHEAD
from netdef.data.random_words import random_words
from netdef.data.raw_records import RawRecords
from netdef.data.shuffled_database import ShuffledDatabase
from netdef.data.source import State
from netdef.data.transformer import Transformer
from netdef.errors import DataError, ShapeError, at
from netdef.proto import Datum, TransformationParameter
from netdef.shape import Shape

_Viewed = tuple[View, View]


class DatabaseSource(ImageBatches):
    """The records of a database in order, round and round, in batches.

    With ``shuffle`` each round has a new order, as ``seed`` and ``name`` decide. All images
    get the shape of the first one, but with ``batch_size`` 1 each may have its own.
    ``rand_skip`` leaves out fewer than so many records at the start, as ``seed`` and ``name``
    decide too. ``prefetch`` is the number of batches made ahead; with 0 no thread is started.
    ``reduced`` decodes JPEGs at a part of their size that are much larger than what
    ``transform_param`` resizes them to.

    Shapes:
        images: ``(batch_size, C, h, w)`` float32, transformed.
        labels: ``(batch_size,)`` float32, or ``(batch_size, N)`` where records have labels of N
            numbers; only ``with_label``.

    Raises:
        ConfigError: the folder is of another kind than ``backend`` says, or a field of
            ``transform_param`` is wrong.
        MissingFile: there is no such database, or no such mean_file.
        DataError: the database is damaged; the message names the record.
    """

    def __init__(
        self,
        path: str | Path,
        backend: str,
        batch_size: int,
        transform_param: TransformationParameter,
        phase: int,
        seed: int,
        with_label: bool = True,
        rand_skip: int = 0,
        prefetch: int = AHEAD,
        name: str = "",
        threads: int | None = None,
        shuffle: bool = False,
        reduced: bool = False,
    ) -> None:
        transformer = self._transformer = Transformer(transform_param, phase, seed, name)
        self._least = transformer.least_side() if reduced else 0
        self._database = open_database(path, backend)
        try:
            ((key, raw),) = self._database.read(0, 1)
            with at(self._where(key)):
                datum = parse(raw)
                self._image = Shape(self._pixels(datum).shape)
                transformer.shape(self._image)
                self._raw = RawRecords(datum)
                self._label = Shape(np.shape(label_of(datum)))
        except Exception:
            self._database.close()
            raise
        shuffled = ShuffledDatabase(self._database, seed, f"{name}/shuffle")
        self._records = shuffled if shuffle else self._database
        self._record = b""
        # The keys of the last records of the batches that were read ahead, in order.
        self._ends: deque[bytes] = deque()
        labels = (Shape((batch_size, *self._label)),) if with_label else ()
        skipped = random_words(seed, f"{name}/rand_skip", 0, 1)[0, 0] if rand_skip else 0
        # Copying raw pixels is one thread's work; decoding images is worth every core.
        threads = threads or ((os.cpu_count() or 1) if datum.encoded else 1)
        super().__init__(
            transformer,
            self._image,
            labels,
            batch_size,
            are_bytes=datum.encoded or bool(datum.data),
            of_one_size=not datum.encoded,
            channels_last=datum.encoded,
            records=self._database.entries,
            first=int(skipped) % max(rand_skip, 1),
            ahead=prefetch,
            threads=threads,
        )

    def next(self) -> Batch:
        """Return the next batch; valid until the next call."""
        batch = super().next()
        self._record = self._ends.popleft()
        return batch

    def state(self) -> State:
        """Return ``position`` and ``record``: how many records were handed out, the last's key.

        The key only if the last record was its own to hand out.
        """
        is_behind_one = self._record and self._position and self.is_behind_all
        return {**super().state(), **({"record": self._record} if is_behind_one else {})}

    def restore(self, state: State) -> None:
        """Go on behind the last record that was handed out.

        With ``record`` it is found by its key, else by its number, for which an LMDB is walked.

        Raises:
            DataError: the record is not there: it is another database.
        """
        super().restore(state)
        self._ends.clear()
        self._record = bytes(state.get("record", b""))
        if self._record:
            self._records.go_behind(self._record, self._position)

    def close(self) -> None:
        """Stop the threads and close the database; may be called twice."""
        super().close()
        self._database.close()

    def _where(self, key: View) -> str:
        return f"{self._database.path}: record {key_text(bytes(key))!r}"

    def _read(self, first: int) -> tuple[int, Sequence[_Viewed]]:
        records = self._records.views(first, self._batch_size)
        self._ends.append(bytes(records[-1][0]))
        return first, records

    def _fill(self, raw: tuple[int, Sequence[_Viewed]], batch: Batch) -> Batch:
        first, records = raw
        images, labels = self._found(records)
        if len(self.shapes) > 1:
            batch[-1][:] = labels
        return self._put(images, first, batch)

    def _found(self, records: Sequence[_Viewed]) -> tuple[Images, Sequence[Label]]:
        """Return the images and labels of records: of small ones of raw pixels, a block."""
        if not self._label:
            found = self._raw.find_all([value for _, value in records])
            if found is not None:
                return found
        images, labels = zip(*(self._decode(*record) for record in records), strict=True)
        return images, labels

    def _decode(self, key: View, value: View) -> tuple[np.ndarray, Label]:
        found = None if self._label else self._raw.find(value)
        if found is not None:
            return found
        with at(self._where(key)):
            datum = parse(value)
            image, label = self._pixels(datum), label_of(datum)
            if image.shape != self._image:
                self._check(image)
            if self.finish is not None and image.dtype != np.uint8:
                raise DataError(
                    "its pixels are floats, those of the first record bytes; convert the images"
                    " again, or run on the CPU"
                )
            if np.shape(label) != self._label:
                raise DataError(
                    f"its labels have the shape {Shape(np.shape(label))}, those of the first "
                    f"record {self._label}; convert the images again"
                )
            return image, label

    def _pixels(self, datum: Datum) -> np.ndarray:
        return pixels(datum, self._transformer.color, self._least)

    def _check(self, image: np.ndarray) -> None:
        """Fail unless an image gets the shape of the first one; a batch of one may have any."""
        top, first = self._transformer.shape(Shape(image.shape)), Shape(self.shapes[0][1:])
        if top != first and self._batch_size > 1:
            raise ShapeError(
                f"its image becomes {top}, the first one {first}; set crop_size or batch_size 1, "
                "or convert the images with one size"
            )

"""Records of raw pixels of one size, read without parsing each."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from google.protobuf.message import DecodeError

from netdef.data.lmdb_reader import View
from netdef.data.normalization import SMALL
from netdef.proto import Datum
from netdef.shape import Shape


class RawRecords:
    """Finds the pixels in serialised Datums that look like a first one.

    What stands before the pixels is the same bytes in all images of one size, and what
    stands after them, the label, is one of few. Comparing is much faster than parsing, and
    no pixel is copied.
    """

    def __init__(self, first: Datum) -> None:
        self._shape = Shape((first.channels, first.height, first.width))
        data = first.data
        whole = Datum(
            channels=first.channels, height=first.height, width=first.width, data=data
        ).SerializeToString(deterministic=True)
        self._head = whole[: len(whole) - len(data)]
        self._end = len(whole)
        self._is_small = self._shape.size <= SMALL
        self._fits = not first.encoded and len(data) == self._shape.size > 0

    def find(self, raw: View) -> tuple[np.ndarray, int] | None:
        """Return a view of the pixels and the label, or None if ``raw`` must be parsed.

        Shapes:
            pixels: ``(C, H, W)`` uint8.
        """
        if not self._fits or len(raw) < self._end or raw[: len(self._head)] != self._head:
            return None
        label = _label(bytes(raw[self._end :]))
        if label is None:
            return None
        pixels = np.frombuffer(raw, np.uint8, self._shape.size, len(self._head))
        return pixels.reshape(self._shape), label

    def find_all(self, records: Sequence[View]) -> tuple[np.ndarray, list[int]] | None:
        """Return the pixels and labels of small images, or None if one must be found alone.

        Shapes:
            pixels: ``(N, C, H, W)`` uint8, read-only.
        """
        lengths = set(map(len, records))
        if not (self._fits and self._is_small) or len(lengths) > 1 or min(lengths) < self._end:
            return None
        block = np.frombuffer(b"".join(records), np.uint8).reshape(len(records), -1)
        if (block[:, : len(self._head)] != np.frombuffer(self._head, np.uint8)).any():
            return None
        tails, width = block[:, self._end :].tobytes(), block.shape[1] - self._end
        labels = [_label(tails[i * width : (i + 1) * width]) for i in range(len(records))]
        known = [label for label in labels if label is not None]
        if len(known) < len(labels):
            return None
        pixels = block[:, len(self._head) : self._end]
        return pixels.reshape(len(records), *self._shape), known


@lru_cache(maxsize=1 << 16)
def _label(tail: bytes) -> int | None:
    """Return the label that follows the pixels, or None if more than that follows."""
    try:
        rest = Datum.FromString(tail)
    except DecodeError:
        return None
    label: int = rest.label
    rest.ClearField("label")
    if not rest.encoded:
        rest.ClearField("encoded")
    return None if rest.ByteSize() else label

"""Batches from arrays that a user hands over, as Caffe's MemoryData layer has them."""

from typing import Any

import numpy as np

from netdef.data.prefetch import Batch
from netdef.data.source import State
from netdef.errors import DataError, ShapeError
from netdef.shape import Shape


class MemorySource:
    """The items of two arrays in order, round and round, in batches.

    The arrays are not copied if they are float32 in C order: what is written to them later
    is seen.

    Shapes:
        data: ``(batch_size, *image)`` float32.
        label: ``(batch_size,)`` float32.
    """

    records: int | None = None
    """The arrays may become others at any time."""

    def __init__(self, batch_size: int, image: Shape) -> None:
        self.shapes: tuple[Shape, ...] = (Shape((batch_size, *image)), Shape((batch_size,)))
        self._batch_size, self._image = batch_size, image
        self._data: np.ndarray | None = None
        self._labels = np.empty(0, np.float32)
        self._position = 0

    def set_arrays(self, data: Any, labels: Any) -> None:
        """Take the items that batches come from; the next batch begins with the first.

        Raises:
            ShapeError: an array has the wrong shape, or N is no multiple of the batch size.
        """
        images = np.ascontiguousarray(data, np.float32)
        numbers = np.ascontiguousarray(labels, np.float32).ravel()
        count = len(images) if images.ndim else 0
        if images.shape[1:] != self._image or not count or count % self._batch_size:
            raise ShapeError(
                f"data has the shape {Shape(np.shape(data))}; give (N, "
                f"{', '.join(map(str, self._image))}), N a multiple of batch_size "
                f"{self._batch_size}"
            )
        if np.shape(labels) not in ((count,), (count, 1, 1, 1)):
            raise ShapeError(
                f"labels have the shape {Shape(np.shape(labels))}; give one number for each of "
                f"the {count} images, ({count},)"
            )
        self._data, self._labels, self._position = images, numbers, 0

    def next(self) -> Batch:
        """Return the next batch, a part of the arrays.

        Raises:
            DataError: no arrays were given.
        """
        if self._data is None:
            raise DataError("has no data; call net.set_input_arrays(data, labels) first")
        first = self._position % len(self._data)
        batch = slice(first, first + self._batch_size)
        self._position += self._batch_size
        return self._data[batch], self._labels[batch]

    def state(self) -> State:
        """Return ``position``: how many items were handed out since the arrays came."""
        return {"position": self._position}

    def restore(self, state: State) -> None:
        """Go on behind the item that ``state`` counts up to."""
        self._position = int(state["position"])

    def begin_pass(self) -> None:
        """Go back to the first item."""
        self._position = 0

    def close(self) -> None:
        """Let the arrays go."""
        self._data = None

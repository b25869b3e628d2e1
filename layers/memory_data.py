"""The layer that reads arrays in memory."""

from typing import ClassVar

from netdef.data.memory_source import MemorySource
from netdef.data.source import Source
from netdef.layer import DataLayer, field
from netdef.shape import Shape


class MemoryData(DataLayer, message="memory_data_param"):
    """Batches of the arrays that ``net.set_input_arrays(data, labels)`` hands over.

    The items come in order, round and round; their number is a multiple of ``batch_size``.

    Shapes:
        data: ``(batch_size, channels, height, width)``.
        label: ``(batch_size,)``.

    Raises:
        DataError: no arrays were handed over before the first pass.
        ShapeError: they do not fit.
    """

    tops: ClassVar[tuple[str, ...]] = ("data", "label")

    batch_size: int = field(at_least=1)
    channels: int = field(at_least=1)
    height: int = field(at_least=1)
    width: int = field(at_least=1)

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Return a source that waits for its arrays."""
        return MemorySource(self.batch_size, Shape((self.channels, self.height, self.width)))

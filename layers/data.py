"""The layer that reads a database of images."""

from typing import ClassVar

from netdef.data.source import Source
from netdef.layer import DataLayer, field
from netdef.proto import TEST, TRAIN, TransformationParameter


class Data(DataLayer, message="data_param"):
    """Batches of images and labels from an LMDB or LevelDB of Datums, in the order of keys.

    With ``shuffle`` each round has a new order, which the seed decides. ``transform_param``
    crops, mirrors, subtracts a mean and scales; batches are read ahead. With ``batch_size`` 1
    images may have different sizes: the net is planned anew for each.

    Shapes:
        data: ``(batch_size, C, H, W)``, H and W those of the crop if there is one.
        label: ``(batch_size,)``, or ``(batch_size, N)`` where records have N labels.

    Raises:
        FieldError: ``reduced_decoding`` is set, but nothing resizes images.
        MissingFile: there is no database at ``source``.
        DataError: it is empty, damaged or of another kind.
        ShapeError: an image gets another shape than the first one, and ``batch_size`` is not 1.
    """

    tops: ClassVar[tuple[str, ...]] = ("data", "label?")

    name: str
    source: str = field()
    batch_size: int = field(at_least=1)
    backend: str
    rand_skip: int
    prefetch: int = field(at_least=1)
    shuffle: bool
    reduced_decoding: bool
    transform_param: TransformationParameter

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Open the database; threads begin at the first batch."""
        from netdef.data.database_source import DatabaseSource

        return DatabaseSource(
            self.source,
            self.backend,
            self.batch_size,
            self.transform_param,
            TRAIN if self.training else TEST,
            seed,
            with_label=len(tops) > 1,
            rand_skip=self.rand_skip,
            prefetch=self.prefetch,
            name=self.name,
            shuffle=self.shuffle,
            reduced=self.reduced_decoding,
        )

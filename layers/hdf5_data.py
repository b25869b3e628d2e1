"""The layer that reads arrays from HDF5 files."""

from typing import ClassVar

from netdef.data.source import Source
from netdef.layer import DataLayer, field
from netdef.proto import TEST, TRAIN, TransformationParameter


class HDF5Data(DataLayer, message="hdf5_data_param"):
    """Batches of rows of the data sets that are named as the tops.

    ``source`` is a text file with the path of an HDF5 file in each line. Rows are read ahead in
    order, or with ``shuffle`` in a new order each round; files may be larger than memory.
    ``transform_param``, which Caffe refuses here, crops, mirrors, subtracts a mean and scales
    the first data set, which holds images then.

    Shapes:
        data: ``(batch_size, ...)``, the rest as in the files, but of images H and W those of
            the crop if there is one.

    Raises:
        MissingFile: the list or one of its files is not there.
        DataError: a data set is missing, or lengths differ.
        ShapeError: there is a ``transform_param``, but rows of the first data set are not
            ``(C, H, W)``.
    """

    tops: ClassVar[tuple[str, ...]] = ("*data",)

    name: str
    source: str = field()
    batch_size: int = field(at_least=1)
    shuffle: bool
    transform_param: TransformationParameter

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Look into the files of the list; threads begin at the first batch."""
        from netdef.data.hdf5_source import HDF5Source

        return HDF5Source(
            self.source,
            self.batch_size,
            tops,
            self.shuffle,
            seed,
            transform_param=self.transform_param,
            phase=TRAIN if self.training else TEST,
            name=self.name,
        )

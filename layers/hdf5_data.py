"""The layer that reads arrays from HDF5 files."""

from typing import ClassVar

from netdef.data.source import Source
from netdef.layer import DataLayer, field


class HDF5Data(DataLayer, message="hdf5_data_param"):
    """Batches of rows of the data sets that are named as the tops.

    ``source`` is a text file with the path of an HDF5 file in each line. Rows are read in
    order, or with ``shuffle`` in a new order each round.

    Shapes:
        data: ``(batch_size, ...)``, the rest as in the files.

    Raises:
        MissingFile: the list or one of its files is not there.
        DataError: a data set is missing, or lengths differ.
    """

    tops: ClassVar[tuple[str, ...]] = ("*data",)

    source: str = field()
    batch_size: int = field(at_least=1)
    shuffle: bool

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Open the files of the list."""
        from netdef.data.hdf5_source import HDF5Source

        return HDF5Source(self.source, self.batch_size, tops, self.shuffle, seed)

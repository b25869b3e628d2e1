"""The layer that reads image files."""

from typing import ClassVar

from netdef.data.source import Source
from netdef.layer import DataLayer, field
from netdef.proto import TEST, TRAIN, TransformationParameter


class ImageData(DataLayer, message="image_data_param"):
    """Batches of the image files and labels that a list names, a ``name label`` in each line.

    The file is ``root_folder`` and the name, one after the other. Images are resized to
    ``new_height`` and ``new_width`` if these are given, then ``transform_param`` crops,
    mirrors, subtracts a mean and scales; batches are read ahead.

    Shapes:
        data: ``(batch_size, C, H, W)``, C 3 (BGR) or 1, H and W those of the crop if there
            is one.
        label: ``(batch_size,)``.

    Raises:
        FieldError: only one of ``new_height`` and ``new_width`` is given, or neither with
            ``reduced_decoding``.
        MissingFile: there is no list at ``source``.
        DataError: a line or its image is wrong.
        ShapeError: an image gets another shape than the first one.
    """

    tops: ClassVar[tuple[str, ...]] = ("data", "label")

    name: str
    source: str = field()
    batch_size: int = field(at_least=1)
    rand_skip: int
    shuffle: bool
    new_height: int
    new_width: int
    is_color: bool
    reduced_decoding: bool
    root_folder: str
    transform_param: TransformationParameter

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Read the list; threads begin at the first batch."""
        from netdef.data.image_source import ImageSource

        return ImageSource(
            self.source,
            self.batch_size,
            self.transform_param,
            TRAIN if self.training else TEST,
            seed,
            root=self.root_folder or "",
            color=self.is_color,
            height=self.new_height,
            width=self.new_width,
            shuffle=self.shuffle,
            rand_skip=self.rand_skip,
            name=self.name,
            reduced=self.reduced_decoding,
        )

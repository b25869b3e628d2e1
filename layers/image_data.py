"""The layer that reads image files."""

from netdef.data.source import Source
from netdef.layer import field
from netdef.layers.image_files import ImageFiles


class ImageData(ImageFiles, message="image_data_param"):
    """Batches of the image files and labels that a list names, a ``name label`` in each line.

    With ``labels`` a line is a name and so many numbers, whole or not. The file is
    ``root_folder`` and the name, one after the other. Images are resized to ``new_height`` and
    ``new_width`` if these are given, then ``transform_param`` crops, mirrors, subtracts a mean
    and scales; batches are read ahead. With ``batch_size`` 1 images may have different sizes:
    the net is planned anew for each.

    Shapes:
        data: ``(batch_size, C, H, W)``, C 3 (BGR) or 1, H and W those of the crop if there
            is one.
        label: ``(batch_size,)``, or ``(batch_size, labels)``.

    Raises:
        FieldError: only one of ``new_height`` and ``new_width`` is given, or
            ``reduced_decoding`` where nothing resizes images.
        MissingFile: there is no list at ``source``.
        DataError: a line or its image is wrong.
        ShapeError: an image gets another shape than the first one, and ``batch_size`` is not 1.
    """

    batch_size: int = field(at_least=1)
    rand_skip: int
    root_folder: str
    labels: int

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Read the list; threads begin at the first batch."""
        from netdef.data.image_source import ImageSource

        return ImageSource(
            **self._how(seed),
            root=self.root_folder or "",
            rand_skip=self.rand_skip,
            labels=self.labels,
        )

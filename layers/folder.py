"""The layer that reads a folder of class folders."""

from netdef.data.source import Source
from netdef.layers.image_files import ImageFiles


class Folder(ImageFiles, message="folder_param"):
    """Batches of the images in a folder that holds a folder for each class.

    Classes are numbered from 0 in the order of their names; ``netdef db info`` prints them. With
    ``shuffle`` each round has a new order, which the seed decides. Images are resized to
    ``new_height`` and ``new_width`` if these are given, then ``transform_param`` crops,
    mirrors, subtracts a mean and scales; batches are read ahead. With ``batch_size`` 1 images
    may have different sizes: the net is planned anew for each.

    Shapes:
        data: ``(batch_size, C, H, W)``, C 3 (BGR) or 1, H and W those of the crop if there
            is one.
        label: ``(batch_size,)``.

    Raises:
        FieldError: only one of ``new_height`` and ``new_width`` is given, or
            ``reduced_decoding`` where nothing resizes images.
        MissingFile: there is no folder at ``source``.
        DataError: there are no classes or images, or an image is damaged.
        ShapeError: an image gets another shape than the first one, and ``batch_size`` is not 1.
    """

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Look into the folder; threads begin at the first batch."""
        from netdef.data.folder_source import FolderSource

        return FolderSource(**self._how(seed))

"""The layer that cuts windows out of images."""

from typing import ClassVar

from netdef.data.source import Source
from netdef.layer import DataLayer, field
from netdef.proto import TransformationParameter, WindowDataParameter


class WindowData(DataLayer, message="window_data_param"):
    """Batches of windows of images, background and objects in set shares, as R-CNN trains on.

    ``source`` lists for each image ``# number``, path, channels, height, width and number of
    windows, then its windows: ``class overlap x1 y1 x2 y2``. A batch begins with its
    background, class 0. Windows are warped to the square of ``crop_size``, with ``context_pad``
    pixels of what surrounds them; ``transform_param`` mirrors, subtracts a mean and scales.

    Shapes:
        data: ``(batch_size, 3, crop_size, crop_size)``, BGR.
        label: ``(batch_size,)``.

    Raises:
        FieldError: ``crop_size`` is missing, or too small for ``context_pad``.
        MissingFile: there is no list at ``source``.
        DataError: the list or an image is wrong, or there are no windows of a kind.

    Girshick et al., Rich feature hierarchies for accurate object detection, 2014.
    """

    tops: ClassVar[tuple[str, ...]] = ("data", "label")

    name: str
    source: str = field()
    batch_size: int = field(at_least=1)
    fg_threshold: float
    bg_threshold: float
    fg_fraction: float = field(at_least=0, at_most=1)
    context_pad: int
    crop_mode: str
    scale: float
    cache_images: bool
    root_folder: str
    transform_param: TransformationParameter

    def open(self, tops: tuple[str, ...], seed: int) -> Source:
        """Read the list; threads begin at the first batch."""
        from netdef.data.window_source import WindowSource

        param = WindowDataParameter(
            source=self.source,
            batch_size=self.batch_size,
            fg_threshold=self.fg_threshold,
            bg_threshold=self.bg_threshold,
            fg_fraction=self.fg_fraction,
            context_pad=self.context_pad,
            crop_mode=self.crop_mode,
            scale=self.scale,
            cache_images=self.cache_images,
            root_folder=self.root_folder,
        )
        return WindowSource(param, self.transform_param, seed, self.name)

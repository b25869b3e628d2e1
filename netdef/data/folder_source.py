"""Batches from a folder that holds a folder of images for each class."""

from pathlib import Path
from typing import Any

from netdef.data.datum import Label
from netdef.data.image_folder import read_image_folder
from netdef.data.image_list import ImageEntry
from netdef.data.image_source import ImageSource
from netdef.proto import TransformationParameter


class FolderSource(ImageSource):
    """The images of class folders in the order of their names, round and round, in batches.

    ``classes`` are the names of the class folders, sorted: the label of an image is the place
    of its class. For the rest see ``ImageSource``.

    Raises:
        MissingFile: the folder is not there.
        DataError: it has no class folders, one of them no images, or an image is damaged.
    """

    def __init__(
        self,
        source: str | Path,
        batch_size: int,
        transform_param: TransformationParameter,
        phase: int,
        seed: int,
        **options: Any,
    ) -> None:
        self.classes, self._found = read_image_folder(source)
        root = f"{Path(source)}/"
        super().__init__(source, batch_size, transform_param, phase, seed, root=root, **options)

    def _listed(self) -> list[ImageEntry[Label]]:
        return [ImageEntry[Label](number, *image) for number, image in enumerate(self._found)]

    def _where(self, entry: ImageEntry[Label]) -> str:
        return str(self._source)

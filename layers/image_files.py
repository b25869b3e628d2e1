"""What ImageData and Folder share: image files that are read, resized and transformed."""

from typing import Any, ClassVar

from netdef.layer import DataLayer, field
from netdef.proto import TEST, TRAIN, TransformationParameter


class ImageFiles(DataLayer, message="folder_param", is_abstract=True):
    """Base of layers whose batches are image files and their labels."""

    tops: ClassVar[tuple[str, ...]] = ("data", "label")

    name: str
    source: str = field()
    batch_size: int = field(at_least=1)
    shuffle: bool
    new_height: int
    new_width: int
    is_color: bool
    reduced_decoding: bool
    transform_param: TransformationParameter

    def _how(self, seed: int) -> dict[str, Any]:
        """Return the arguments that each source of image files takes."""
        return {
            "source": self.source,
            "batch_size": self.batch_size,
            "transform_param": self.transform_param,
            "phase": TRAIN if self.training else TEST,
            "seed": seed,
            "color": self.is_color,
            "height": self.new_height,
            "width": self.new_width,
            "shuffle": self.shuffle,
            "name": self.name,
            "reduced": self.reduced_decoding,
        }

"""Published weights from the network to their place on this machine."""

from pathlib import Path

from netdef.errors import ConfigError
from netdef.model_zoo.cache import place_for_writing
from netdef.model_zoo.checksum import agrees
from netdef.model_zoo.download import Tell, download
from netdef.model_zoo.nets import packaged_weights
from netdef.model_zoo.weights_table import Published


def fetch(row: Published, tell: Tell) -> Path:
    """Download published weights unless they are there or came along; return their place.

    Raises:
        ConfigError: other weights lie in their place.
        RunError: the server cannot be reached, or the disk is full.
        DataError: the file is not the one that the table describes.
    """
    packaged = None if row.url else packaged_weights(row.net)
    if packaged:
        return packaged
    path = place_for_writing(row.name)
    if not path.exists():
        download(row.url, path, row.checksum, tell)
    elif not agrees(path, row.checksum):
        raise ConfigError(
            f"{path}: holds other weights, imported ones; remove it to fetch {row.url}"
        )
    return path

"""What is done to a picture before a net sees it, and the file that says so."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netdef.data.image_file import resize
from netdef.errors import ConfigError, cannot_read
from netdef.io.whole_file import writing_whole

Pixels = np.ndarray[Any, Any]
_ORDERS = ("bgr", "rgb")
_USUAL_SIDE, _SMALLEST_CROP = 256, 200


@dataclass(frozen=True)
class Preprocessing:
    """``y = (crop(resize(x)) - mean) * scale``, its channels in ``channel_order``.

    ``resize`` is ``(height, width)`` in pixels, or one number for the shorter side, which
    keeps the picture's proportions. ``crop`` is the height and width that the net takes, cut
    from the middle. ``mean`` has one number, or one for each channel in ``channel_order``.

    Raises:
        ConfigError: a value cannot be; which, and what it can be.
    """

    crop: tuple[int, int]
    resize: int | tuple[int, int] = 0
    mean: tuple[float, ...] = ()
    scale: float = 1.0
    channel_order: str = "bgr"

    def __post_init__(self) -> None:
        height, width = self.crop  # what a file says may be no pair
        if min(height, width) < 1:
            raise ConfigError(f"a crop of {height} x {width} pixels is empty")
        if self.channel_order not in _ORDERS:
            raise ConfigError(f"no channel order {self.channel_order!r}; it is bgr or rgb")
        shorter = self.resize if isinstance(self.resize, int) else min(self.resize)
        if shorter and shorter < min(self.crop):
            raise ConfigError(
                f"resize {shorter} is smaller than the {self.crop[0]} x {self.crop[1]} pixels"
                f" that the net takes; give {max(self.crop)} or more"
            )

    def prepare(self, image: Pixels) -> Pixels:
        """Return what the net sees of a picture.

        Shapes:
            image: ``(C, H, W)`` uint8, BGR or grey levels.
            returns: ``(C, *crop)`` float32.

        Raises:
            ConfigError: the mean has neither one number nor one for each channel.
        """
        image = self._resized(image)
        return self.normalized(_window(image, *self._middle(image), self.crop))

    def prepare_ten(self, image: Pixels) -> Pixels:
        """Return the four corners and the middle, and their mirror images.

        Shapes:
            returns: ``(10, C, *crop)`` float32.
        """
        image = self._resized(image)
        bottom, right = image.shape[1] - self.crop[0], image.shape[2] - self.crop[1]
        corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), self._middle(image)]
        five = [self.normalized(_window(image, *corner, self.crop)) for corner in corners]
        return np.stack([*five, *(crop[..., ::-1] for crop in five)])

    def normalized(self, image: Pixels) -> Pixels:
        """Return pixels ``(C, H, W)`` in the net's channel order, less the mean, scaled."""
        if len(self.mean) not in (0, 1, len(image)):
            raise ConfigError(
                f"the mean has {len(self.mean)} numbers and the picture {len(image)} channels;"
                f" give 1 or {len(image)}"
            )
        ordered = image[::-1] if self.channel_order == "rgb" else image
        mean = np.array(self.mean or 0, np.float32).reshape(-1, 1, 1)
        return (ordered - mean) * np.float32(self.scale)

    def _resized(self, image: Pixels) -> Pixels:
        height, width = image.shape[1:]
        if isinstance(self.resize, int):
            factor = (self.resize or max(self.crop)) / min(height, width)
            size = max(1, round(height * factor)), max(1, round(width * factor))
        else:
            size = self.resize
        return image if size == (height, width) else resize(image, *size)

    def _middle(self, image: Pixels) -> tuple[int, int]:
        return (image.shape[1] - self.crop[0]) // 2, (image.shape[2] - self.crop[1]) // 2


def _window(image: Pixels, top: int, left: int, size: tuple[int, int]) -> Pixels:
    return image[:, top : top + size[0], left : left + size[1]]


def usual_resize(crop: tuple[int, int]) -> int:
    """Return the shorter side for a net that says nothing: 256 for nets of ImageNet's sizes."""
    is_usual = all(_SMALLEST_CROP <= side <= _USUAL_SIDE for side in crop)
    return _USUAL_SIDE if is_usual else max(crop)


def mean_of_channels(path: str | Path) -> tuple[float, ...]:
    """Return the mean of each channel of a mean image: ``.npy``, or a BlobProto's file.

    Raises:
        MissingFile: it is not there.
        ConfigError, ShapeError: it holds no mean of images.
    """
    from netdef.data.mean_file import read_mean

    if not str(path).endswith(".npy"):
        image = read_mean(path)
    else:
        try:
            image = np.load(path, allow_pickle=False)
        except OSError as error:
            raise cannot_read(path, error) from error
        except ValueError as error:
            raise ConfigError(f"{path}: is no array of NumPy's ({error})") from error
    return tuple(float(v) for v in image.reshape(len(image), -1).mean(1, dtype=np.float64))


def read_preprocessing(path: str | Path) -> Preprocessing:
    """Read the JSON that ``write_preprocessing`` wrote.

    Raises:
        MissingFile: it is not there.
        ConfigError: it is no such file.
    """
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        pairs: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in held.items()}
        return Preprocessing(**pairs)
    except OSError as error:
        raise cannot_read(path, error) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: does not say how to prepare pictures ({error})") from error


def write_preprocessing(path: str | Path, preprocessing: Preprocessing) -> None:
    """Write it as JSON.

    Raises:
        RunError: the file cannot be written.
    """
    with writing_whole(path) as file:
        file.write((json.dumps(asdict(preprocessing), indent=2) + "\n").encode())

"""Many small images on one sheet, to look at."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from netdef.data.datum import Label
from netdef.errors import DataError
from netdef.io.whole_file import writing_whole

_CELL = 96
_CAPTION = 16
_PAPER = 255


def contact_sheet(samples: Iterable[tuple[np.ndarray, Label | str]]) -> np.ndarray:
    """Return images with their labels below, in rows; larger ones are made smaller.

    Shapes:
        images: ``(C, H, W)``; of other than 3 channels the first is shown. Floats are stretched
            to grey levels.
        sheet: ``(H, W, 3)`` uint8, BGR.
    """
    cells = [_cell(image, label) for image, label in samples]
    columns = math.ceil(math.sqrt(len(cells)))
    cells += [np.full_like(cells[0], _PAPER)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)


def write_png(sheet: np.ndarray, path: str | Path) -> None:
    """Write a sheet as a PNG file.

    Raises:
        DataError: ``path`` does not end in ``.png``.
        RunError: the file cannot be written.
    """
    import cv2

    if Path(path).suffix.lower() != ".png":
        raise DataError(f"{path}: is no name of a PNG file; end it with .png")
    _, content = cv2.imencode(".png", sheet)
    with writing_whole(path) as file:
        file.write(content.tobytes())


def _cell(image: np.ndarray, label: Label | str) -> np.ndarray:
    import cv2

    pixels = np.ascontiguousarray(_levels(image).transpose(1, 2, 0))
    height, width = pixels.shape[:2]
    scale = _CELL / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    pixels = cv2.resize(pixels, size, interpolation=how)
    cell = np.full((_CELL + _CAPTION + 4, _CELL + 4, 3), _PAPER, np.uint8)
    cell[2 : 2 + size[1], 2 : 2 + size[0]] = pixels.reshape(size[1], size[0], -1)
    place = (2, _CELL + _CAPTION)
    text = str(label) if isinstance(label, int | str) else " ".join(f"{n:g}" for n in label)
    cv2.putText(cell, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    return cell


def _levels(image: np.ndarray) -> np.ndarray:
    """Return one or three channels of grey levels."""
    image = image if len(image) == 3 else image[:1]
    if image.dtype == np.uint8:
        return image
    low, high = float(image.min()), float(image.max())
    return ((image - low) * (255 / ((high - low) or 1))).astype(np.uint8)

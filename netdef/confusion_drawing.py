"""A drawing of a confusion matrix."""

from pathlib import Path
from typing import Any

import numpy as np

from netdef.confusion import Confusion, Matrix
from netdef.io.whole_file import writing_whole

_CELL, _SIZE = 48, 0.4
_SIDE = 2400
"""The pixels that all cells together take at most, from which on each is smaller."""
_WITH_COUNTS, _WITH_NAMES = 40, 12
"""The least pixels of a cell in which its count is written, and beside which its name is."""
_DARK, _LIGHT = (40, 40, 40), (255, 255, 255)


def draw(confusion: Confusion) -> Matrix:
    """Return the drawing: labels down, answers across, darker the more of a label's pictures.

    Of many classes the cells are small: without counts, and then without names.

    Shapes:
        returns: ``(H, W, 3)`` uint8, BGR.
    """
    cell = max(1, min(_CELL, _SIDE // len(confusion.classes)))
    cells = _cells(confusion, cell)
    if cell < _WITH_NAMES:
        return cells
    names = _names([_plain(name) for name in confusion.classes], cell)
    margin = names.shape[1]
    side = margin + len(cells)
    picture = np.full((side, side, 3), 255, np.uint8)
    picture[margin:, margin:] = cells
    picture[margin:, :margin] = names
    picture[:margin, margin:] = np.rot90(names)
    return picture


def _cells(confusion: Confusion, cell: int) -> Matrix:
    parts = confusion.matrix / np.maximum(confusion.matrix.sum(1, keepdims=True), 1)
    # From white to a dark blue, BGR.
    shades = np.round(255 + parts[..., None] * (np.array((150, 70, 20)) - 255)).astype(np.uint8)
    picture: Matrix = shades.repeat(cell, 0).repeat(cell, 1)
    if cell >= _WITH_NAMES:
        picture[::cell] = picture[:, ::cell] = 255
    for (row, column), part in np.ndenumerate(parts) if cell >= _WITH_COUNTS else ():
        count = str(confusion.matrix[row, column])
        width, height = _size(count)
        at = cell * column + (cell - width) // 2, cell * row + (cell + height) // 2
        _write(picture, count, at, _LIGHT if part > 0.5 else _DARK)
    return picture


def _names(names: list[str], cell: int) -> Matrix:
    """Return the names, one beside each row of cells."""
    margin = 12 + max(_size(name)[0] for name in names)
    strip = np.full((cell * len(names), margin, 3), 255, np.uint8)
    for number, name in enumerate(names):
        _write(strip, name, (6, cell * number + cell // 2 + 4), _DARK)
    return strip


def _size(text: str) -> tuple[int, int]:
    import cv2

    width, height = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, _SIZE, 1)[0]
    return width, height


def _write(picture: Matrix, text: str, at: tuple[int, int], color: Any) -> None:
    import cv2

    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, _SIZE, color, 1, cv2.LINE_AA)


def _plain(name: str) -> str:
    """Return a name in the characters that OpenCV draws."""
    return name.encode("ascii", "replace").decode()


def write_drawing(path: Path, confusion: Confusion) -> None:
    """Write the drawing as PNG.

    Raises:
        RunError: the file cannot be written.
    """
    import cv2

    with writing_whole(path) as file:
        file.write(cv2.imencode(".png", draw(confusion))[1].tobytes())

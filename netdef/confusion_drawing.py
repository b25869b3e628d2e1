"""A drawing of a confusion matrix."""

from pathlib import Path

import numpy as np

from netdef.confusion import Confusion, Matrix
from netdef.io.whole_file import writing_whole

_CELL, _SIZE = 48, 0.4
_DARK, _LIGHT = (40, 40, 40), (255, 255, 255)


def draw(confusion: Confusion) -> Matrix:
    """Return the drawing: labels down, answers across, darker the more of a label's pictures.

    Shapes:
        returns: ``(H, W, 3)`` uint8, BGR.
    """
    import cv2

    font = cv2.FONT_HERSHEY_SIMPLEX
    names = [_plain(name) for name in confusion.classes]
    margin = 12 + max(cv2.getTextSize(n, font, _SIZE, 1)[0][0] for n in names)
    side = margin + _CELL * len(names)
    picture = np.full((side, side, 3), 255, np.uint8)
    parts = confusion.matrix / np.maximum(confusion.matrix.sum(1, keepdims=True), 1)
    for (row, column), part in np.ndenumerate(parts):
        top, left = margin + _CELL * row, margin + _CELL * column
        # From white to a dark blue, BGR.
        picture[top + 1 : top + _CELL, left + 1 : left + _CELL] = [
            round(255 + part * (end - 255)) for end in (150, 70, 20)
        ]
        color = _LIGHT if part > 0.5 else _DARK
        count = str(confusion.matrix[row, column])
        width, height = cv2.getTextSize(count, font, _SIZE, 1)[0]
        at = left + (_CELL - width) // 2, top + (_CELL + height) // 2
        cv2.putText(picture, count, at, font, _SIZE, color, 1, cv2.LINE_AA)
    _write_names(picture[:, :margin], names, margin)
    turned = np.full((side, margin, 3), 255, np.uint8)
    _write_names(turned, names, margin)
    picture[:margin] = np.rot90(turned)
    return picture


def _write_names(strip: Matrix, names: list[str], margin: int) -> None:
    import cv2

    own = np.ascontiguousarray(strip)
    for number, name in enumerate(names):
        at = 6, margin + _CELL * number + _CELL // 2 + 4
        cv2.putText(own, name, at, cv2.FONT_HERSHEY_SIMPLEX, _SIZE, _DARK, 1, cv2.LINE_AA)
    strip[:] = own


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

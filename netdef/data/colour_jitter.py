"""Random changes of brightness, contrast, saturation and hue."""

import numpy as np

from netdef.proto import TransformationParameter

_GRAY = np.array([0.114, 0.587, 0.299], np.float32).reshape(3, 1, 1)
"""What blue, green and red count in a grey level (ITU-R BT.601)."""


class ColourJitter:
    """Changes colours by ``1 - f`` to ``1 + f`` for each field ``f``, and hues by degrees."""

    def __init__(self, param: TransformationParameter) -> None:
        self._amounts = (param.brightness, param.contrast, param.saturation)
        self._hue: float = param.hue
        self.needs_colours = bool(param.saturation or param.hue)
        self.changes_images = any(self._amounts) or bool(param.hue)

    def apply(self, image: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Return an image with other colours, which four numbers from 0 to 1 decide.

        Shapes:
            image: ``(C, H, W)``, uint8 or float32; what leaves the range of uint8 is clipped.
        """
        brightness, contrast, saturation = (
            1 + (2 * number - 1) * amount
            for number, amount in zip(numbers, self._amounts, strict=False)
        )
        x = image.astype(np.float32)
        x *= np.float32(brightness)
        x = _from(np.float32(_gray(x).mean()), x, contrast)
        if self.needs_colours:
            x = _from(_gray(x), x, saturation)
            x = self._turned(x, (2 * numbers[3] - 1) * self._hue)
        if image.dtype == np.uint8:
            return np.clip(np.rint(x), 0, 255).astype(np.uint8)
        return x

    def _turned(self, x: np.ndarray, degrees: float) -> np.ndarray:
        import cv2

        if not self._hue:
            return x
        pixels = np.ascontiguousarray(x.transpose(1, 2, 0))
        hsv = cv2.cvtColor(np.maximum(pixels, 0), cv2.COLOR_BGR2HSV)
        hsv[..., 0] = (hsv[..., 0] + np.float32(degrees)) % 360
        turned: np.ndarray = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
        return turned.transpose(2, 0, 1)


def _from(centre: np.ndarray | np.float32, x: np.ndarray, factor: float) -> np.ndarray:
    """Return x with its distance from ``centre`` multiplied."""
    y: np.ndarray = centre + (x - centre) * np.float32(factor)
    return y


def _gray(x: np.ndarray) -> np.ndarray:
    gray: np.ndarray = (x * _GRAY).sum(axis=0) if len(x) == 3 else x.mean(axis=0)
    return gray

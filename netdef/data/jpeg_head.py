"""How large the picture in a JPEG file is, told without decoding it."""

from typing import NamedTuple

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers that begin a frame (ITU-T T.81, table B.1)."""


class JpegHead(NamedTuple):
    """The size of a picture in pixels, and the number of its channels."""

    height: int
    width: int
    channels: int

    def reduction(self, least: int) -> int:
        """Return 8, 4, 2 or 1: by how much the sides can be divided and stay ``least`` long."""
        side = min(self.height, self.width)
        return next((by for by in (8, 4, 2) if side // by >= least), 1)


def jpeg_head(data: bytes) -> JpegHead | None:
    """Return what the head of a JPEG tells, or None if ``data`` is no whole one."""
    if data[:2] != b"\xff\xd8":
        return None
    position = 2
    while position + 10 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # markers may be padded
            position += 1
            continue
        if marker in _FRAMES:
            height, width = data[position + 5 : position + 7], data[position + 7 : position + 9]
            return JpegHead(int.from_bytes(height), int.from_bytes(width), data[position + 9])
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return None

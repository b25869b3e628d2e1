"""How large the picture in a JPEG file is, told without decoding it."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers that begin a frame (ITU-T T.81, table B.1)."""


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return the height and width in pixels, or None if ``data`` is no whole JPEG head."""
    if data[:2] != b"\xff\xd8":
        return None
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # markers may be padded
            position += 1
            continue
        if marker in _FRAMES:
            height, width = data[position + 5 : position + 7], data[position + 7 : position + 9]
            return int.from_bytes(height), int.from_bytes(width)
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return None


def reduction(data: bytes, least: int) -> int:
    """Return 8, 4, 2 or 1: by how much a JPEG's sides can be divided and stay ``least`` long."""
    size = jpeg_size(data)
    if not least or size is None:
        return 1
    return next((by for by in (8, 4, 2) if min(size) // by >= least), 1)

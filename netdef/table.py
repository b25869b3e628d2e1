"""Text in columns."""

from collections.abc import Sequence

Row = Sequence[object]


def table(head: Row, rows: Sequence[Row], total: Row | None = None) -> str:
    """Lay rows out in columns: integers to the right with commas, all else to the left.

    ``total`` stands under a line. Lines end without spaces.
    """
    lines = [[*map(_cell, row)] for row in (head, *rows, *([total] if total else []))]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    is_right = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(head))]
    printed = [_line(line, widths, is_right) for line in lines]
    rule = "-" * max(map(len, printed))
    printed.insert(1, rule)
    if total:
        printed.insert(-1, rule)
    return "\n".join(printed)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) or cell == ""


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _line(cells: Sequence[str], widths: Sequence[int], is_right: Sequence[bool]) -> str:
    parts = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, is_right, strict=True)
    ]
    return "  ".join(parts).rstrip()


def bytes_in_words(count: int) -> str:
    """Return bytes as ``12.3 MB``, in steps of 1000."""
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"

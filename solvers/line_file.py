"""A text file that grows line by line while a run goes on."""

from pathlib import Path

from netdef.errors import cannot_write


class LineFile:
    """Writes lines to the end of ``path`` as they come; what was there is kept if ``appends``.

    Raises:
        RunError: the file cannot be written.
    """

    def __init__(self, path: str | Path, appends: bool = False) -> None:
        self.path = Path(path)
        self._open_and_write("a" if appends else "w", "")

    def write(self, text: str) -> None:
        """Write some lines; the system has them when this returns."""
        self._open_and_write("a", text)

    def flush(self) -> None:
        """Do nothing: what was written is with the system already."""

    def _open_and_write(self, mode: str, text: str) -> None:
        # Opened each time: lines are few, and nobody has to close a file.
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise cannot_write(self.path, error) from error

"""How far a conversion has come."""

from collections.abc import Callable

Progress = Callable[[int, int], None]


class Tally:
    """Counts what is done and tells ``progress(done, total)``, if anybody listens."""

    def __init__(self, progress: Progress | None, total: int, done: int = 0) -> None:
        self._progress, self._total, self._done = progress, total, done

    def count(self) -> None:
        """Say that one more is done."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)

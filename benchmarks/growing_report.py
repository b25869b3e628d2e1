"""A report in Markdown that grows part by part, and is whole at any time."""

from dataclasses import dataclass, field
from pathlib import Path

from netdef.io.whole_file import writing_whole


@dataclass
class GrowingReport:
    """The parts of a report, by their titles, each made of blocks of text."""

    path: Path
    title: str
    parts: dict[str, list[str]] = field(default_factory=dict)

    def put(self, title: str, *blocks: str) -> None:
        """Give a part its blocks, and write the file.

        Raises:
            RunError: it cannot be written.
        """
        self.parts[title] = list(blocks)
        body = "\n".join(f"## {title}\n\n{_fenced(texts)}" for title, texts in self.parts.items())
        with writing_whole(self.path) as file:
            file.write(f"# {self.title}\n\n{body}".encode())


def _fenced(texts: list[str]) -> str:
    return "".join(f"```\n{text}\n```\n" for text in texts)

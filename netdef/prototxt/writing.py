"""Messages as prototxt."""

from pathlib import Path

from google.protobuf import text_format
from google.protobuf.message import Message

from netdef.io.whole_file import writing_whole


def to_text(message: Message) -> str:
    """Return a message as prototxt that ``read_net`` or ``read_solver`` reads back."""
    return str(text_format.MessageToString(message, as_utf8=True))


def write_text(path: Path | str, message: Message) -> None:
    """Write a message as prototxt.

    Raises:
        RunError: the file cannot be written.
    """
    with writing_whole(path) as file:
        file.write(to_text(message).encode())

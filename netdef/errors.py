"""What netdef raises on purpose.

NetdefError
  + SchemaError      a class that does not match netdef.proto (our bug)
  + ConfigError      a prototxt or an argument that cannot mean anything (the user's)
    - TextError      a prototxt that does not parse
    - FieldError     one field of one layer
    - ShapeError     blobs that do not fit together
    - UnknownType    no such layer, solver or filler
    - MissingFile    a file or folder that is not there or cannot be read
  + DataError        a database, list, image or label that is damaged or out of range
  + WeightsError     weights or a snapshot that are damaged or of another net
  + DeviceError      a GPU, driver or library that is asked for and not there
  + RunError         a failure while running: a full disk, a worker that died
  + Diverged         the loss is no longer a number

IgnoredField is a warning: a field is taken, as Caffe does, but nothing comes of it.

``exit_code`` is what the command line exits with: 2 for the user's mistakes, 1 for
failures of the run.
"""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar


class NetdefError(Exception):
    """Base of every error that netdef raises on purpose."""

    exit_code: ClassVar[int] = 2


class SchemaError(NetdefError):
    """A class does not match netdef.proto: a bug of netdef or of a plug-in."""

    exit_code = 1


class ConfigError(NetdefError):
    """The prototxt is wrong; the message says where and how to mend it."""


class TextError(ConfigError):
    """A prototxt does not parse: ``file:line:column: what``."""


class FieldError(ConfigError):
    """A field has a value the layer cannot take."""


class ShapeError(ConfigError):
    """The shapes of some blobs do not fit together."""


class UnknownType(ConfigError):
    """No layer, solver or filler goes by that name."""


class MissingFile(ConfigError):
    """A file or folder is not there, or cannot be read."""


class DataError(NetdefError):
    """A database, list, image or label is damaged or out of range."""


class WeightsError(NetdefError):
    """Weights or a snapshot are damaged, or belong to another net."""


class DeviceError(NetdefError):
    """A GPU, its driver or a library was asked for and is not there."""


class RunError(NetdefError):
    """The run failed: a full disk, an unwritable folder, a worker that died."""

    exit_code = 1


class Diverged(RunError):
    """The loss is no longer a number."""


class IgnoredField(UserWarning):
    """A field stands where it has no effect; the message says where it would have one."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownType:
    """Return the error that no ``kind`` is called ``name``, with the nearest known name."""
    return UnknownType(f"no {kind} {name!r}{did_you_mean(name, known)}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest known name, whatever its case, or nothing."""
    plain = {k.casefold(): k for k in known}
    near = get_close_matches(name.casefold(), plain, n=1)
    return f"; did you mean {plain[near[0]]!r}?" if near else ""


@contextmanager
def at(where: str) -> Iterator[None]:
    """Put ``where: `` in front of the message of any NetdefError raised inside."""
    try:
        yield
    except NetdefError as error:
        error.args = (f"{where}: {error}", *error.args[1:])
        raise


def cannot_read(path: Path | str, error: OSError) -> MissingFile:
    """Turn the system's error on opening ``path`` into a message with the mend."""
    if isinstance(error, FileNotFoundError):
        return MissingFile(f"{path}: no such file or folder")
    return MissingFile(f"{path}: cannot be read ({error.strerror or error})")


def cannot_write(path: Path | str, error: OSError) -> RunError:
    """Turn the system's error on writing ``path`` into a message with the mend."""
    if error.errno == errno.ENOSPC:
        return RunError(f"{path}: the disk is full; nothing was written under that name")
    if isinstance(error, FileNotFoundError):
        return RunError(f"{path}: its folder does not exist; make {Path(path).parent} first")
    return RunError(f"{path}: cannot be written ({error.strerror or error})")

"""Code that a user wrote: finding it, and saying which of its lines failed."""

import importlib
import inspect
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netdef.errors import ConfigError, NetdefError, RunError, did_you_mean

_NETDEF = Path(__file__).parent
_IMPORTER = importlib.__file__


def load_class(module: str, name: str) -> type:
    """Import a class of a module.

    Raises:
        ConfigError: there is no such module, or no such class in it.
        RunError: the module fails as it is imported; with the line.
    """
    try:
        with telling_the_line(f"import {module}"):
            imported = importlib.import_module(module)
    except RunError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and cause.name == module:
            raise ConfigError(f"no module {module!r}; put its folder on PYTHONPATH") from None
        raise
    found = getattr(imported, name, None)
    if not inspect.isclass(found):
        classes = [n for n, value in vars(imported).items() if inspect.isclass(value)]
        hint = did_you_mean(name, classes)
        raise ConfigError(f"the module {module!r} has no class {name!r}{hint}")
    return found


@contextmanager
def telling_the_line(what: str) -> Iterator[None]:
    """Turn an exception inside into an error that tells the user's own line it came through.

    Raises:
        RunError: any exception was raised.
    """
    try:
        yield
    except Exception as error:
        raise RunError(f"{what} failed{_line(error)}: {_words(error)}") from error


def _line(error: Exception) -> str:
    """Return the innermost line in the folder of the user's code, which netdef called."""
    if isinstance(error, SyntaxError):
        return f" at {error.filename}:{error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_ours(f.filename)]
    if not frames:
        return ""
    folder = Path(frames[0].filename).parent
    last = [f for f in frames if Path(f.filename).is_relative_to(folder)][-1]
    return f" at {last.filename}:{last.lineno}: {last.line}"


def _is_ours(file: str) -> bool:
    """Tell whether a file is netdef's, or one of Python's own that imports modules."""
    return file.startswith("<") or Path(file).is_relative_to(_NETDEF) or file == _IMPORTER


def _words(error: Exception) -> str:
    message = str(error) if isinstance(error, NetdefError) else f"{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError) and error.name == "caffe":
        message += "; write 'import netdef as caffe' there"
    return message

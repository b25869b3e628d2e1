"""The command line as a user types it, in a folder of its own."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path

import pytest

from netdef.data.convert_digits import convert_digits
from netdef.engines import settings
from netdef.tools.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


Netdef = Callable[..., Ran]


@pytest.fixture
def netdef(capsys, monkeypatch, tmp_path) -> Netdef:
    """Run the command line in this process, in an empty folder; its options end with the test."""
    monkeypatch.chdir(tmp_path)
    for one in fields(settings.chosen):
        monkeypatch.setattr(settings.chosen, one.name, getattr(settings.chosen, one.name))

    def run(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Ran(ended.value.code or 0, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def digits_data(tmp_path_factory) -> Path:
    """A folder with the databases of the digits."""
    folder = tmp_path_factory.mktemp("digits")
    convert_digits(folder)
    return folder


@pytest.fixture
def digits(netdef, digits_data, tmp_path) -> Path:
    """The folder of the command, with the digits: databases, net and solver."""
    for database in digits_data.iterdir():
        (tmp_path / database.name).symlink_to(database)
    for name in ("digits_train_test.prototxt", "digits_solver.prototxt"):
        text = (resources.files("netdef.model_zoo") / "digits" / name).read_text()
        (tmp_path / name).write_text(text)
    return tmp_path

"""The command ``netdef`` itself: help, version, exit statuses and what goes to stderr."""

import os
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import click
import pytest

from netdef.errors import DeviceError, FieldError, RunError
from netdef.tools.cli import COMMANDS, main


def run(*arguments: str) -> int:
    """Run the command line in this process and return its status."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code or 0


@pytest.fixture
def probe(monkeypatch):
    """Add a command ``probe-it`` that raises what it is given."""

    def add(error):
        @click.command("probe-it")
        def command():
            raise error

        module = ModuleType("netdef.tools.probe_it")
        module.command = command
        monkeypatch.setitem(sys.modules, "netdef.tools.probe_it", module)
        monkeypatch.setitem(COMMANDS, "probe-it", "Raise.")

    return add


def test_help_names_every_command(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    for name, summary in COMMANDS.items():
        assert f"  {name} " in out
        assert summary in " ".join(out.split())


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from netdef.tools.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'google.protobuf', 'cupy', 'h5py', 'lmdb', 'cv2'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "loaded []"


def test_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == "netdef, version 0.1.0\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name):
    command = import_module(f"netdef.tools.{name.replace('-', '_')}").command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


@pytest.mark.parametrize(("error", "status"), [(FieldError, 2), (DeviceError, 2), (RunError, 1)])
def test_an_error_of_netdef_is_one_line_and_its_status(probe, capsys, error, status):
    probe(error("net.prototxt:3: layer 'ip': num_output is 0; set it to 1 or more"))
    assert run("probe-it") == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "netdef: error: net.prototxt:3: layer 'ip': num_output is 0; set it to 1 or more\n"
    )


def test_a_bug_keeps_its_traceback(probe):
    probe(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError, match="^a bug$"):
        main(["probe-it"])


def test_an_interrupt_is_quiet(probe, capsys):
    probe(KeyboardInterrupt())
    assert run("probe-it") == 130
    captured = capsys.readouterr()
    assert captured.out + captured.err.strip() == ""


def test_an_unknown_command_is_a_mistake_of_the_user(capsys):
    assert run("trian") == 2
    assert capsys.readouterr().err == (
        "Usage: netdef [OPTIONS] COMMAND [ARGS]...\n"
        "Try 'netdef --help' for help.\n\n"
        "Error: no command 'trian'; did you mean 'train'?\n"
    )


def test_an_unknown_option_is_a_mistake_of_the_user(capsys):
    assert run("--sovler") == 2
    assert capsys.readouterr().err.endswith("\nError: No such option '--sovler'.\n")


def test_a_reader_that_left_is_no_error_to_talk_about():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "netdef", "--help"]
    ran = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert ran.returncode == 1
    assert ran.stderr == ""

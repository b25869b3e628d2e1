import re

import convert
from click.testing import CliRunner

ARGUMENTS = ["--rounds", "1", "--photos", "3", "--workers", "2"]


def test_the_command():
    result = CliRunner().invoke(convert.main, ARGUMENTS)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"netdef, 2 threads: [\d,]+ images/s\n"
        r"a loop of one thread: [\d,]+ images/s, ratio \d+\.\d\d\n",
        result.output,
    )


def test_what_is_not_the_same_is_not_compared(monkeypatch):
    found = iter([[], [(b"key", b"value")]])
    monkeypatch.setattr(convert, "records", lambda database: next(found))
    result = CliRunner().invoke(convert.main, ARGUMENTS)
    assert (result.exit_code, result.output) == (1, "Error: the two databases differ\n")

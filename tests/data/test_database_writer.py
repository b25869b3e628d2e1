import os
import re
import signal
import subprocess
import sys

import pytest

from netdef.data.database import database_writer, open_database
from netdef.errors import RunError

KINDS = ["LMDB", "LEVELDB"]

KILLED = """
import os, signal, sys
from netdef.data.database import database_writer
with database_writer(sys.argv[1], sys.argv[2], "x") as writer:
    for number in range(2500):
        writer.put(b"%08d" % number, b"value")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_killed_run_committed_is_gone_on_with(tmp_path, kind):
    path = tmp_path / "db"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), kind], env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    assert [p.name for p in tmp_path.iterdir()] == [".db.x.partial"]
    with database_writer(path, kind, "x") as writer:
        assert writer.last_key() == b"00001999"
        writer.put(b"00002000", b"more")
    reader = open_database(path)
    assert reader.entries == 2001
    reader.close()
    assert [p.name for p in tmp_path.iterdir()] == ["db"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_keeps_what_was_committed_and_an_error_does_not(tmp_path, kind):
    for error, left in ((KeyboardInterrupt, [".db.x.partial"]), (KeyError, [])):
        with pytest.raises(error), database_writer(tmp_path / "db", kind, "x") as writer:  # noqa: PT012
            assert writer.last_key() is None
            raise error
        assert [p.name for p in tmp_path.iterdir()] == left


def test_without_a_name_an_interrupt_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), database_writer(tmp_path / "db", "LMDB"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_two_writers_do_not_share_a_database(tmp_path):
    message = f"{tmp_path}/db: is being written by another process"
    with database_writer(tmp_path / "db", "LMDB", "x") as writer:
        writer.put(b"a", b"b")
        other = database_writer(tmp_path / "db", "LMDB", "x")
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            other.__enter__()
    open_database(tmp_path / "db").close()

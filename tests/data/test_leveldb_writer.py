import re
import sys

import pytest

from netdef.data.leveldb_reader import LeveldbReader
from netdef.data.leveldb_writer import LeveldbWriter
from netdef.errors import ConfigError, RunError

plyvel = pytest.importorskip("plyvel")

RECORDS = [(b"%08d" % number, b"x" * number) for number in range(2500)]


def test_leveldb_reads_what_was_written(tmp_path):
    with LeveldbWriter(tmp_path / "db") as writer:
        for record in RECORDS:
            writer.put(*record)
        assert not (tmp_path / "db").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["db"]
    reader = LeveldbReader(tmp_path / "db")
    assert reader.read(0, reader.entries) == RECORDS
    database = plyvel.DB(str(tmp_path / "db"))
    assert list(database) == RECORDS
    database.close()


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), LeveldbWriter(tmp_path / "db") as writer:  # noqa: PT012
        writer.put(b"a", b"b")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_an_existing_target_is_refused(tmp_path):
    (tmp_path / "db").mkdir()
    message = f"{tmp_path}/db: is there already; remove it or choose another name"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        LeveldbWriter(tmp_path / "db")


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def fail(self):
        raise plyvel.IOError("IO error: x.log: No space left on device")

    monkeypatch.setattr(LeveldbWriter, "_commit", fail)
    message = f"{tmp_path}/db: the disk is full; nothing was written under that name"
    with pytest.raises(RunError, match=f"^{message}$"), LeveldbWriter(tmp_path / "db") as writer:
        writer.put(b"a", b"b")
    assert list(tmp_path.iterdir()) == []


def test_without_plyvel_the_mend_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plyvel", None)
    message = (
        "LevelDB is written by the package plyvel, which is not installed; write an LMDB "
        "instead, or pip install plyvel (it has wheels for Python 3.11 and 3.12)"
    )
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        LeveldbWriter(tmp_path / "db")

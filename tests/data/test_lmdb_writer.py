import errno
import re
import shutil
from types import SimpleNamespace

import lmdb
import pytest

from netdef.data.lmdb_reader import LmdbReader
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import ConfigError, RunError


def test_the_map_grows_and_nothing_but_the_database_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(LmdbWriter, "_FIRST_MAP_BYTES", 1 << 16)
    with LmdbWriter(tmp_path / "db") as writer:
        for number in range(2500):
            writer.put(b"%08d" % number, b"x" * 400)
        assert not (tmp_path / "db").exists()
        (partial,) = tmp_path.glob("*/data.mdb")
        assert partial.stat().st_size > 2000 * 400
    reader = LmdbReader(tmp_path / "db")
    records = reader.read(0, reader.entries)
    reader.close()
    assert records == [(b"%08d" % number, b"x" * 400) for number in range(2500)]
    assert [path.name for path in tmp_path.rglob("*")] == ["db", "data.mdb"]


def test_large_records_are_committed_early_into_a_map_that_is_large_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(LmdbWriter, "_FIRST_MAP_BYTES", 1 << 16)
    monkeypatch.setattr(LmdbWriter, "_BATCH_BYTES", 1 << 20)
    commits, commit = [], LmdbWriter._commit

    def counting(writer):
        commits.append(len(writer._pending))
        commit(writer)

    monkeypatch.setattr(LmdbWriter, "_commit", counting)
    with LmdbWriter(tmp_path / "db") as writer:
        for number in range(20):
            writer.put(b"%08d" % number, bytes([number]) * 300_000)
    assert commits == [4, 4, 4, 4, 4, 0]  # none of them twice, for lack of room
    reader = LmdbReader(tmp_path / "db")
    records = reader.read(0, reader.entries)
    reader.close()
    assert records == [(b"%08d" % number, bytes([number]) * 300_000) for number in range(20)]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), LmdbWriter(tmp_path / "db") as writer:  # noqa: PT012
        writer.put(b"a", b"b")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_an_existing_target_is_refused(tmp_path):
    (tmp_path / "db").mkdir()
    message = f"{tmp_path}/db: is there already; remove it or choose another name"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        LmdbWriter(tmp_path / "db")


def test_a_target_that_appears_meanwhile_is_kept(tmp_path):
    with pytest.raises(ConfigError), LmdbWriter(tmp_path / "db") as writer:  # noqa: PT012
        writer.put(b"a", b"b")
        (tmp_path / "db").write_text("mine")
    assert [path.name for path in tmp_path.iterdir()] == ["db"]


def test_a_missing_folder_is_named(tmp_path):
    message = f"{tmp_path}/no/db: its folder does not exist; make {tmp_path}/no first"
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"), LmdbWriter(tmp_path / "no/db"):
        pass


FULL = "the disk is full; nothing was written under that name"
BROKEN = "cannot be written (Input/output error)"


@pytest.mark.parametrize(
    ("error", "free", "message"),
    [
        (lmdb.DiskError("mdb_txn_commit: No space left on device"), 0, FULL),
        (lmdb.Error("mdb_txn_commit: Input/output error"), 100, FULL),
        (lmdb.Error("mdb_txn_commit: Input/output error"), 1 << 30, BROKEN),
        (OSError(errno.ENOSPC, "No space left on device"), 1 << 30, FULL),
    ],
)
def test_a_disk_that_refuses_leaves_nothing(tmp_path, monkeypatch, error, free, message):
    def fail(self):
        raise error

    monkeypatch.setattr(LmdbWriter, "_commit", fail)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    whole = re.escape(f"{tmp_path}/db: {message}")
    with pytest.raises(RunError, match=f"^{whole}$"), LmdbWriter(tmp_path / "db") as writer:  # noqa: PT012
        for number in range(1000):
            writer.put(b"%d" % number, b"")
    assert list(tmp_path.iterdir()) == []

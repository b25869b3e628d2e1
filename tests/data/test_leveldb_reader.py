import re
import sys

import numpy as np
import pytest

from netdef.data.leveldb_reader import LeveldbReader
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import DataError, MissingFile, RunError

plyvel = pytest.importorskip("plyvel")

RNG = np.random.default_rng(4)


def all_of(path):
    reader = LeveldbReader(path)
    records = reader.read(0, reader.entries)
    reader.close()
    return records


@pytest.mark.parametrize(
    "options",
    [{}, {"compression": None}, {"write_buffer_size": 1 << 16}, {"block_size": 1 << 16}],
)
def test_what_leveldb_itself_reads(tmp_path, options):
    database = plyvel.DB(str(tmp_path / "db"), create_if_missing=True, **options)
    for number in range(500):
        database.put(b"%05d" % number, RNG.bytes(2000) + b"y" * 1000)
    database.put(b"larger than a block of a log", RNG.bytes(100_000))
    for number in range(0, 500, 7):
        database.delete(b"%05d" % number)
    for number in range(0, 500, 5):
        database.put(b"%05d" % number, b"again")
    with database.write_batch() as batch:
        for number in range(600, 700):
            batch.put(b"%05d" % number, b"")
    wanted = list(database)
    database.close()
    assert all_of(tmp_path / "db") == wanted
    assert len(wanted) == 500 - 72 + 15 + 1 + 100


def test_caffes_leveldb_holds_what_its_lmdb_holds(shared):
    folder = shared / "goldens/databases"
    lmdb = LmdbReader(folder / "raw_lmdb")
    reader = LeveldbReader(folder / "raw_leveldb")
    assert reader.entries == lmdb.entries == 25
    for first, count in ((0, 25), (20, 40), (3, 1), (49, 2)):
        assert reader.read(first, count) == lmdb.read(first, count)
    ((key, value),) = lmdb.read(7, 1)
    assert reader.value(key) == value
    lmdb.close()
    reader.close()
    reader.close()


@pytest.fixture
def database(tmp_path):
    """A LevelDB of ten records in one table, and one in the log."""
    path = tmp_path / "db"
    database = plyvel.DB(str(path), create_if_missing=True)
    for number in range(10):
        database.put(b"%d" % number, RNG.bytes(5000))
    database.compact_range()
    database.put(b"late", b"written")
    database.close()
    return path


def refused(path, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        all_of(path)


def table(database):
    (found,) = database.glob("*.ldb")
    return found


def test_a_damaged_block_is_found(database):
    content = bytearray(table(database).read_bytes())
    content[9000] ^= 1
    table(database).write_bytes(content)
    message = "is damaged (a checksum is wrong); copy or convert the database again"
    refused(database, DataError, f"{table(database)}: {message}")


@pytest.mark.parametrize("left", [0, 20, 3000])
def test_a_table_that_was_cut_short(database, left):
    table(database).write_bytes(table(database).read_bytes()[:left])
    message = "is damaged (it was cut short); copy or convert the database again"
    refused(database, DataError, f"{table(database)}: {message}")


def test_a_table_that_is_missing(database):
    table(database).rename(database / "elsewhere")
    with pytest.raises(DataError, match=r"\.sst: is missing; copy or convert the database again$"):
        all_of(database)


def test_a_table_with_the_ending_of_old_leveldbs(database):
    wanted = all_of(database)
    table(database).rename(table(database).with_suffix(".sst"))
    assert all_of(database) == wanted


def test_what_was_being_written_when_the_writer_died_is_left_out(database):
    wanted = all_of(database)
    log = next(log for log in database.glob("*.log") if log.stat().st_size)
    log.write_bytes(log.read_bytes()[:-1])
    assert all_of(database) == wanted[:-1]
    log.write_bytes(b"")
    assert all_of(database) == wanted[:-1]


def test_a_damaged_log_is_named(database):
    log = next(log for log in database.glob("*.log") if log.stat().st_size)
    content = bytearray(log.read_bytes())
    content[-1] ^= 1
    log.write_bytes(content)
    message = "is damaged (a checksum is wrong); copy or convert the database again"
    refused(database, DataError, f"{log}: {message}")


def test_what_is_no_leveldb(tmp_path):
    refused(tmp_path / "no", MissingFile, f"{tmp_path}/no: no such file or folder")
    refused(tmp_path, DataError, f"{tmp_path}: is no LevelDB, for it holds no CURRENT")
    plyvel.DB(str(tmp_path / "db"), create_if_missing=True).close()
    message = "the database is empty; convert the images again"
    refused(tmp_path / "db", DataError, f"{tmp_path}/db: {message}")


def test_an_unknown_key(database):
    reader = LeveldbReader(database)
    with pytest.raises(DataError, match=rf"^{database}: no record has the key 'x'$"):
        reader.value(b"x")


def test_packages_that_are_not_installed(database, monkeypatch):
    monkeypatch.setitem(sys.modules, "google_crc32c", None)
    message = (
        "LevelDB needs the package google_crc32c, which is not installed; "
        "pip install 'netdef[leveldb]'"
    )
    refused(database, RunError, message)

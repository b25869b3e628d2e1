import re

import lmdb
import pytest

from netdef.data.lmdb_reader import LmdbReader
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import DataError, MissingFile

KEYS = [b"%02d" % number for number in range(10)]


@pytest.fixture
def database(tmp_path):
    with LmdbWriter(tmp_path / "db") as writer:
        for key in KEYS:
            writer.put(key, b"value " + key)
    return tmp_path / "db"


def keys(records):
    return [int(key) for key, _ in records]


def test_records_come_round_and_round(database):
    reader = LmdbReader(database)
    assert reader.entries == 10
    assert keys(reader.read(0, 4)) == [0, 1, 2, 3]
    assert keys(reader.read(4, 8)) == [4, 5, 6, 7, 8, 9, 0, 1]
    assert keys(reader.read(12, 25)) == [*range(2, 10), *range(10), *range(7)]
    reader.close()


@pytest.mark.parametrize("first", [0, 1, 3, 9, 10, 25, 1000009])
def test_any_position_can_be_gone_to(database, first):
    reader = LmdbReader(database)
    reader.read(0, 3)
    assert reader.read(first, 2) == [(k, b"value " + k) for k in (KEYS * 2)[first % 10 :][:2]]
    assert keys(reader.read(first + 2, 1)) == [(first + 2) % 10]
    reader.close()


def test_views_are_what_reading_copies(database):
    reader = LmdbReader(database)
    views = reader.views(8, 4)
    assert all(isinstance(part, memoryview) for view in views for part in view)
    assert [(bytes(key), bytes(value)) for key, value in views] == reader.read(8, 4)
    assert isinstance(reader.view(b"03"), memoryview)
    for copied in (reader.value(b"03"), *reader.keys(), *reader.read(2, 1)[0]):
        assert type(copied) is bytes
    reader.close()


def test_a_key_finds_its_value(database):
    reader = LmdbReader(database)
    assert reader.value(b"03") == b"value 03"
    message = f"{database}: no record has the key 'x\\\\xff'"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        reader.value(b"x\xff")
    reader.close()


def test_readers_share_a_folder_and_leave_nothing_in_it(database):
    one, other = LmdbReader(database), LmdbReader(database.parent / "db" / ".." / "db")
    one.read(0, 5)
    assert keys(other.read(0, 1)) == [0]
    one.close()
    one.close()
    assert keys(other.read(1, 1)) == [1]
    other.close()
    assert [path.name for path in database.iterdir()] == ["data.mdb"]
    lmdb.open(str(database), readonly=True, lock=False).close()  # it is free again


def test_a_folder_another_reader_holds_says_so(database):
    holder = lmdb.open(str(database), readonly=True, lock=False)
    with pytest.raises(DataError) as caught:
        LmdbReader(database)
    holder.close()
    assert str(caught.value) == (
        f"{database}: is open in this process already, outside netdef; close it there first"
    )


def damaged(folder, content):
    folder.mkdir()
    (folder / "data.mdb").write_bytes(content)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda path: None, MissingFile, "no such file or folder"),
        (
            lambda path: path.write_text("x"),
            DataError,
            "is a file; an LMDB is a folder that holds data.mdb",
        ),
        (lambda path: path.mkdir(), DataError, "is no LMDB, for it holds no data.mdb"),
        (
            lambda path: damaged(path, b""),
            DataError,
            "its data.mdb has 0 bytes; convert the images again",
        ),
        (
            lambda path: damaged(path, b"x" * 20000),
            DataError,
            "LMDB cannot read it (File is not an LMDB file); copy or convert it again",
        ),
        (
            lambda path: damaged(path, b"x" * 100),
            DataError,
            "LMDB cannot read it (File is not an LMDB file); copy or convert it again",
        ),
    ],
)
def test_what_is_no_database_is_refused(tmp_path, make, error, message):
    make(tmp_path / "db")
    with pytest.raises(error, match=f"^{re.escape(f'{tmp_path}/db: {message}')}$"):
        LmdbReader(tmp_path / "db")


@pytest.mark.parametrize("length", [5000, 8192, 12287])
def test_a_file_cut_short_is_refused(tmp_path, database, length):
    whole = (database / "data.mdb").read_bytes()
    damaged(tmp_path / "cut", whole[:length])
    message = (
        f"{tmp_path}/cut: its data.mdb has {length} bytes of {len(whole)}; it was cut short, so "
        "copy or convert it again"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        LmdbReader(tmp_path / "cut")


def test_an_empty_database_is_refused(tmp_path):
    with LmdbWriter(tmp_path / "db"):
        pass
    message = f"{tmp_path}/db: the database is empty; convert the images again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        LmdbReader(tmp_path / "db")


def test_a_folder_with_a_lock_file_is_read(tmp_path):
    with lmdb.open(str(tmp_path / "db")) as environment, environment.begin(write=True) as writing:
        writing.put(b"a", b"b")
    assert (tmp_path / "db" / "lock.mdb").exists()
    reader = LmdbReader(tmp_path / "db")
    assert reader.read(0, 2) == [(b"a", b"b")] * 2
    reader.close()

import re

import pytest

from netdef.data.database import open_database
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import ConfigError, MissingFile


def refusal(path, backend, error=ConfigError):
    with pytest.raises(error) as caught:
        open_database(path, backend)
    return re.sub(f"^{re.escape(str(path))}: ", "", str(caught.value))


def test_an_lmdb_asked_for_as_leveldb_names_the_mend(tmp_path):
    with LmdbWriter(tmp_path / "db") as writer:
        writer.put(b"a", b"b")
    open_database(tmp_path / "db", "LMDB").close()
    assert refusal(tmp_path / "db", "LEVELDB") == (
        "is an LMDB, but backend is LEVELDB (Caffe's default); set backend: LMDB"
    )


def test_a_leveldb_asked_for_as_lmdb_names_the_mend(shared):
    folder = shared / "goldens/databases/raw_leveldb"
    assert refusal(folder, "LMDB") == ("is a LevelDB, but backend is LMDB; set backend: LEVELDB")
    for backend in ("LEVELDB", ""):
        assert open_database(folder, backend).entries == 25


@pytest.mark.parametrize("backend", ["LMDB", "LEVELDB"])
def test_a_missing_folder_is_missing_whatever_the_backend(tmp_path, backend):
    assert refusal(tmp_path / "db", backend, MissingFile) == "no such file or folder"

"""Checksums are those that sha1sum, sha256sum and git hash-object print."""

import pytest

from netdef.errors import MissingFile
from netdef.model_zoo.checksum import agrees, checksum

OF_HELLO = {
    "sha1": "f572d396fae9206628714fb2ce00f72e94f2258f",
    "git": "ce013625030ba8dba906f756967f9e9ca394464a",
    "sha256": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
}


@pytest.fixture
def hello(tmp_path):
    (tmp_path / "hello").write_bytes(b"hello\n")
    return tmp_path / "hello"


@pytest.mark.parametrize("kind", OF_HELLO)
def test_checksum(kind, hello):
    assert checksum(hello, kind) == OF_HELLO[kind]
    assert agrees(hello, f"{kind}:{OF_HELLO[kind]}")
    assert not agrees(hello, f"{kind}:{'0' * 40}")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MissingFile) as raised:
        checksum(tmp_path / "no", "git")
    assert str(raised.value) == f"{tmp_path / 'no'}: no such file or folder"

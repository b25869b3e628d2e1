"""A download goes on after a cut, is checked, and is there whole or not at all."""

import hashlib

import pytest

from netdef.errors import DataError, RunError
from netdef.model_zoo.download import download
from tests.model_zoo.server import serving

CONTENT = bytes(range(256)) * 4000
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    with serving(CONTENT) as server:
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "w.caffemodel"


@pytest.fixture
def told():
    return []


def fetch(server, path, told, checksum=SHA256):
    download(server.url, path, checksum, lambda there, total: told.append((there, total)))


def test_a_file_comes_whole(server, path, told):
    fetch(server, path, told)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert server.asked == [None]


def test_it_goes_on_after_a_cut(server, path, told):
    server.cut_after = 300_000
    with pytest.raises(RunError) as raised:
        fetch(server, path, told)
    assert str(raised.value) == (
        f"{server.url}: the connection was cut (300000 of 1024000 bytes came); run it again to go"
        " on from there"
    )
    assert not path.exists()
    server.cut_after = None
    fetch(server, path, told)
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-"]
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_server_without_ranges_sends_all_of_it_again(server, path, told):
    server.cut_after = 1000
    with pytest.raises(RunError):
        fetch(server, path, told)
    server.cut_after, server.knows_ranges = None, False
    fetch(server, path, told)
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_all_of_it_already_is_taken(server, path, told):
    path.with_name("w.caffemodel.part").write_bytes(CONTENT)
    fetch(server, path, told)
    assert path.read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_nothing_is_left(server, path, told):
    wrong = "sha1:" + "0" * 40
    with pytest.raises(DataError) as raised:
        fetch(server, path, told, wrong)
    assert str(raised.value) == (
        f"{server.url}: what came does not have the checksum {wrong}; nothing was kept. Run it"
        " again; if that does not help, the file there has changed"
    )
    assert list(path.parent.iterdir()) == []


def test_a_part_of_another_file_does_not_come_through(server, path, told):
    path.with_name("w.caffemodel.part").write_bytes(b"x" * 500)
    with pytest.raises(DataError):
        fetch(server, path, told)
    fetch(server, path, told)
    assert path.read_bytes() == CONTENT


def test_a_file_that_is_not_there(server, path, told):
    url = server.url + "s"
    with pytest.raises(RunError) as raised:
        download(url, path, SHA256, lambda *_: None)
    assert str(raised.value) == (
        f"{url}: cannot be fetched (404 Not Found); where there is no network, bring the file"
        " from elsewhere and run netdef zoo import FILE"
    )


def test_no_server(path):
    with serving(b"") as server:
        url = server.url
    with pytest.raises(RunError) as raised:
        download(url, path, SHA256, lambda *_: None)
    assert str(raised.value) == (
        f"{url}: cannot be fetched ([Errno 111] Connection refused); where there is no network,"
        " bring the file from elsewhere and run netdef zoo import FILE"
    )


def test_a_folder_that_is_not_there(server, tmp_path, told):
    path = tmp_path / "no" / "w"
    with pytest.raises(RunError) as raised:
        fetch(server, path, told)
    folder = tmp_path / "no"
    assert str(raised.value) == f"{path}: its folder does not exist; make {folder} first"

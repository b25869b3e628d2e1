"""A file is there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from netdef.errors import RunError
from netdef.io.whole_file import path_for_writing_whole, writing_whole


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with writing_whole(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), writing_whole(path) as file:
        file.write(bytes(1 // 0))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_path_for_others_to_write(tmp_path: Path) -> None:
    with path_for_writing_whole(tmp_path / "a.h5") as temporary:
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"new")
    assert (tmp_path / "a.h5").read_bytes() == b"new"
    with pytest.raises(ZeroDivisionError), path_for_writing_whole(tmp_path / "b") as temporary:
        temporary.write_bytes(b"half" * (temporary.write_bytes(b"half") // 0))
    assert os.listdir(tmp_path) == ["a.h5"]


def test_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error, writing_whole(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    expected = f"{tmp_path}/a: the disk is full; nothing was written under that name"
    assert str(error.value) == expected
    assert os.listdir(tmp_path) == []


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error, writing_whole(tmp_path / "no/a"):
        pass
    expected = f"{tmp_path}/no/a: its folder does not exist; make {tmp_path}/no first"
    assert str(error.value) == expected


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(RunError) as error, writing_whole(tmp_path / "a"):
        pass
    assert str(error.value) == f"{tmp_path}/a: cannot be written (Is a directory)"


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="file/new: .*[Nn]ot a directory"):  # noqa: SIM117
        with writing_whole(tmp_path / "file" / "new") as file:
            file.write(b"x")
    assert (tmp_path / "file").read_text() == "mine"

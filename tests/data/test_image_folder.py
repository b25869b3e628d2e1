import re

import pytest

from netdef.data.image_folder import read_image_folder
from netdef.errors import DataError, MissingFile


def test_classes_and_names_are_sorted(tmp_path):
    for name in ("rose/b.JPG", "rose/a b.png", "rose/x/c.webp", "aster/é.bmp", "rose/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "rose/.a.png").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "readme.png").touch()
    found = read_image_folder(tmp_path)
    assert found.classes == ["aster", "rose"]
    assert found.images == [
        ("aster/é.bmp", 0),
        ("rose/a b.png", 1),
        ("rose/b.JPG", 1),
        ("rose/x/c.webp", 1),
    ]


def test_what_is_no_folder_of_classes(tmp_path):
    def refused(error, path, message):
        with pytest.raises(error, match=f"^{re.escape(f'{path}: {message}')}$"):
            read_image_folder(path)

    refused(MissingFile, tmp_path / "no", "no such folder")
    (tmp_path / "db").mkdir()
    message = "holds no folders; give each class a folder of its images"
    refused(DataError, tmp_path / "db", message)
    (tmp_path / "db/a").mkdir()
    with pytest.raises(DataError) as caught:
        read_image_folder(tmp_path / "db")
    assert str(caught.value) == f"{tmp_path}/db/a: holds no images; remove it, or fill it"

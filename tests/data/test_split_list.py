import re

import pytest

from netdef.data.image_list import read_image_list
from netdef.data.split_list import split_list
from netdef.errors import ConfigError


@pytest.fixture
def listed(tmp_path):
    lines = [f"a {i}.png {i % 2 * 7}\n" for i in range(60)] + [
        "b.png 3\n",
        "c.png 4\n",
        "d.png 4\n",
    ]
    (tmp_path / "list").write_text("".join(lines))
    return tmp_path / "list"


def entries(path):
    return [(entry.name, entry.label) for entry in read_image_list(path)]


def test_each_class_is_parted(listed, tmp_path):
    parts = split_list(listed, tmp_path / "out", 0.2)
    train, val = entries(parts.train), entries(parts.val)
    assert (parts.train_images, parts.val_images) == (len(train), len(val)) == (50, 13)
    whole = entries(listed)
    assert sorted(train + val) == sorted(whole)
    assert train == [entry for entry in whole if entry in set(train)]
    labels = [label for _, label in val]
    assert [labels.count(label) for label in (0, 7, 3, 4)] == [6, 6, 0, 1]
    assert parts.classes == []


def test_the_seed_decides(listed, tmp_path):
    lists = [
        entries(split_list(listed, tmp_path / f"{n}", seed=s).val) for n, s in enumerate((1, 1, 2))
    ]
    assert lists[0] == lists[1] != lists[2]


def test_a_folder(tmp_path):
    for name in ("b/1.png", "b/2.png", "a/3.png", "a/4.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    parts = split_list(tmp_path / "in", tmp_path / "out", 0.5)
    assert parts.classes == ["a", "b"]
    assert (tmp_path / "out/classes.txt").read_text() == "a\nb\n"
    assert sorted(entries(parts.train) + entries(parts.val)) == [
        ("a/3.png", 0), ("a/4.png", 0), ("b/1.png", 1), ("b/2.png", 1),
    ]  # fmt: skip
    assert parts.val_images == 2


def test_what_is_there_already_is_kept(listed, tmp_path):
    (tmp_path / "val.txt").touch()
    message = f"{tmp_path}/val.txt: is there already; choose another folder"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        split_list(listed, tmp_path)
    assert not (tmp_path / "train.txt").exists()

import re

import cv2
import numpy as np
import pytest

from netdef.data.convert_images import convert_imageset
from netdef.data.database import open_database
from netdef.data.datum import decode
from netdef.data.lmdb_reader import LmdbReader
from netdef.errors import ConfigError, DataError
from netdef.proto import Datum

RESIZED = dict(resize_width=32, resize_height=28)


def records(path):
    reader = LmdbReader(path)
    got = reader.read(0, reader.entries)
    reader.close()
    return got


def difference(one, other):
    return np.abs(decode(one)[0].astype(int) - decode(other)[0]).mean()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("raw_lmdb", RESIZED),
        ("gray_lmdb", dict(gray=True, **RESIZED)),
        ("png_lmdb", dict(encoded=True, encode_type="png", **RESIZED)),
    ],
)
def test_resized_images_are_caffes_to_two_gray_levels(shared, tmp_path, name, options):
    folder = shared / "goldens/databases"
    convert_imageset(folder / "images", folder / "list.txt", tmp_path / "db", **options)
    wanted, got = records(folder / name), records(tmp_path / "db")
    for (wanted_key, old), (key, new) in zip(wanted, got, strict=True):
        assert key == wanted_key
        old_datum, new_datum = Datum.FromString(old), Datum.FromString(new)
        assert new_datum.ListFields()[0][0].name == old_datum.ListFields()[0][0].name
        for field in ("channels", "height", "width", "label", "encoded"):
            assert getattr(new_datum, field) == getattr(old_datum, field)
        assert difference(old, new) <= 2


def test_files_that_are_stored_as_they_are_are_caffes_byte_for_byte(shared, tmp_path):
    folder = shared / "goldens/databases"
    told = []
    convert_imageset(
        folder / "images",
        folder / "list.txt",
        tmp_path / "db",
        encoded=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert records(tmp_path / "db") == records(folder / "encoded_lmdb")
    assert told == [(i, 25) for i in range(1, 26)]


@pytest.fixture
def images(tmp_path):
    """Three images, the last of another size; returns the list."""
    rng = np.random.default_rng(0)
    for name, size in (("a.png", (4, 6)), ("b c.PNG", (4, 6)), ("d.bmp", (5, 6))):
        cv2.imwrite(str(tmp_path / name), rng.integers(0, 256, (*size, 3), np.uint8))
    (tmp_path / "list").write_text("a.png 0\nb c.PNG 1\n\nd.bmp 7\n")
    return tmp_path / "list"


def convert(images, **options):
    return convert_imageset(images.parent, images, images.parent / "db", **options)


def test_raw_pixels_are_those_of_the_image(images):
    got = records(convert(images))
    assert [key for key, _ in got] == [b"00000000_a.png", b"00000001_b c.PNG", b"00000002_d.bmp"]
    for (_, raw), name, label in zip(got, ("a.png", "b c.PNG", "d.bmp"), (0, 1, 7), strict=True):
        image, got_label = decode(raw)
        wanted = cv2.imread(str(images.parent / name))
        np.testing.assert_array_equal(image.transpose(1, 2, 0), wanted)
        assert got_label == label


def test_a_leveldb_holds_what_an_lmdb_holds(images):
    wanted = records(convert(images))
    (images.parent / "db").rename(images.parent / "lmdb")
    database = open_database(convert(images, backend="LEVELDB"), "LEVELDB")
    assert database.read(0, database.entries) == wanted


def test_another_type_is_encoded_anew(images):
    types = [
        Datum.FromString(raw).data[:4]
        for _, raw in records(convert(images, encoded=True, encode_type="png"))
    ]
    assert types == [b"\x89PNG"] * 3


def test_shuffled_keys_are_numbered_after_shuffling(images):
    images.write_text("".join(f"a.png {i}\n" for i in range(20)))
    got = [decode(raw)[1] for _, raw in records(convert(images, shuffle=True, seed=1))]
    assert sorted(got) == list(range(20))
    assert got != list(range(20))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            dict(check_size=True),
            "T/list:4: d.bmp is 3x5x6 (channels x height x width), the first image 3x4x6; resize "
            "them, or drop check_size",
        ),
        (
            dict(encoded=True, encode_type="xyz"),
            "T/list:1: T/a.png: OpenCV writes no images of type 'xyz'; try encode_type png or jpg",
        ),
    ],
)
def test_refused_images(images, options, message):
    refused(images, DataError, message, **options)


def refused(images, error, message, **options):
    with pytest.raises(error) as caught:
        convert(images, **options)
    assert str(caught.value).replace(str(images.parent), "T") == message
    assert not [path for path in images.parent.iterdir() if "db" in path.name]


def test_a_missing_image(images):
    (images.parent / "d.bmp").unlink()
    refused(images, DataError, "T/list:4: T/d.bmp: no such file or folder")


def test_a_damaged_image(images):
    (images.parent / "d.bmp").write_bytes(b"BMx")
    refused(
        images,
        DataError,
        "T/list:4: T/d.bmp: its 3 bytes are not an image that OpenCV reads; it is damaged or of "
        "an unknown format",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            dict(resize_width=3),
            "resize_width and resize_height: give both, in pixels, or none",
        ),
    ],
)
def test_refused_options(images, options, message):
    refused(images, ConfigError, message, **options)


def test_an_existing_target_is_refused_before_any_work(images):
    (images.parent / "db").mkdir()
    images.unlink()
    message = f"{images.parent}/db: is there already; remove it or choose another name"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        convert(images)

import re

import cv2
import numpy as np
import pytest

from netdef.data.convert_images import convert_imageset
from netdef.data.database import open_database
from netdef.data.database_writer import DatabaseWriter
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


def test_threads_change_no_byte(images):
    write_many(images)
    contents = []
    for workers in (1, 2, 5):
        path = convert(images, workers=workers, shuffle=True)
        contents.append((path / "data.mdb").read_bytes())
        path.rename(images.parent / f"{workers}")
    assert contents[0] == contents[1] == contents[2]


def write_many(images, count=50):
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (4, 6, 3), np.uint8)
        cv2.imwrite(str(images.parent / f"{number}.png"), pixels)
    images.write_text("".join(f"{number}.png {number}\n" for number in range(count)))


def test_several_numbers_are_a_label(images):
    images.write_text("a.png 1 0.5\nb c.PNG -2 0\n")
    for options in ({}, {"encoded": True}):
        got = [decode(raw) for _, raw in records(convert(images, labels=2, **options))]
        assert [label for _, label in got] == [(1.0, 0.5), (-2.0, 0.0)]
        assert {image.shape for image, _ in got} == {(3, 4, 6)}
        (images.parent / "db").rename(images.parent / f"{len(options)}")


def test_a_folder_of_classes(images):
    for name in ("roses/a.png", "asters/é 1.png"):
        path = images.parent / "in" / name
        path.parent.mkdir(parents=True)
        path.write_bytes((images.parent / "a.png").read_bytes())
    got = records(convert_imageset(images.parent / "in", None, images.parent / "db"))
    assert [key for key, _ in got] == ["00000000_asters/é 1.png".encode(), b"00000001_roses/a.png"]
    assert [decode(raw)[1] for _, raw in got] == [0, 1]


def test_what_is_bad_is_left_out_and_told(images):
    folder = images.parent
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("no image at all")
    (folder / "cut.jpg").write_bytes(cv2.imencode(".jpg", cv2.imread(f"{folder}/a.png"))[1][:200])
    images.write_text("empty.png 0\na.png 1\nno.png 2\ntext.png 3\nb c.PNG x\ncut.jpg 4\na.png 5\n")
    told = []
    got = records(convert(images, skip_bad=told.append))
    assert [key for key, _ in got] == [b"00000001_a.png", b"00000005_a.png"]
    assert [message.replace(str(folder), "T") for message in told] == [
        "T/list:5: 'x' is not a label; end the line with a blank and a whole number",
        "T/list:1: T/empty.png: its 0 bytes are not an image that OpenCV reads; it is damaged or "
        "of an unknown format",
        "T/list:3: T/no.png: no such file or folder",
        "T/list:4: T/text.png: its 15 bytes are not an image that OpenCV reads; it is damaged or "
        "of an unknown format",
        "T/list:6: T/cut.jpg: its 200 bytes are not an image that OpenCV reads; it is damaged or "
        "of an unknown format",
    ]


def test_a_list_of_which_nothing_can_be_taken(images):
    images.write_text("no.png 0\n")
    refused(images, DataError, "T/list: no image could be taken", skip_bad=lambda message: None)


@pytest.mark.parametrize("backend", ["LMDB", "LEVELDB"])
def test_an_interrupted_run_is_gone_on_with(images, monkeypatch, backend):
    write_many(images)
    options = dict(backend=backend, check_size=True, shuffle=True)
    wanted = convert(images, **options).rename(images.parent / "wanted")
    monkeypatch.setattr(DatabaseWriter, "_BATCH", 7)

    def interrupt(done, total):
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(images, progress=interrupt, **options)
    told = []
    got = convert(images, progress=lambda *numbers: told.append(numbers), **options)
    assert told == [(i, 50) for i in range(29, 51)]
    read = [open_database(path) for path in (wanted, got)]
    assert read[0].read(0, 50) == read[1].read(0, 50)
    for database in read:
        assert database.entries == 50
        database.close()


def test_other_options_do_not_go_on_with_it(images, monkeypatch):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(images, progress=interrupt)
    assert decode(records(convert(images, gray=True))[0][1])[0].shape == (1, 4, 6)

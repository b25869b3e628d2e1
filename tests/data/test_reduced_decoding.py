"""JPEGs decoded at a part of their size: wherever they come from, whoever decodes them."""

import cv2
import numpy as np
import pytest

from netdef.data import datum
from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode_file
from netdef.data.folder_source import FolderSource
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import FieldError
from netdef.proto import TEST, TRAIN, BorderParameter, TransformationParameter

COUNT = 6


def jpeg(number):
    rough = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    smooth = cv2.resize(rough, (160, 120 + number), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", smooth)[1].tobytes()


@pytest.fixture
def database(tmp_path):
    with LmdbWriter(tmp_path / "lmdb") as written:
        for number in range(COUNT):
            written.put(b"%d" % number, encode_file(jpeg(number), number))
    return tmp_path / "lmdb"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in/a").mkdir(parents=True)
    for number in range(COUNT):
        (tmp_path / f"in/a/{number}.jpg").write_bytes(jpeg(number))
    return tmp_path / "in"


def from_database(path, param, phase=TRAIN, **options):
    param = TransformationParameter(**param)
    return DatabaseSource(path, "LMDB", 4, param, phase, 1, name="in", **options)


def batches(source, count=5):
    got = [source.next()[0].copy() for _ in range(count)]
    source.close()
    return np.stack(got)


RESIZED = {"crop_size": 24, "resize": 28, "resize_mode": BorderParameter.BOTH, "mirror": True}
PARTS = {"crop_size": 24, "min_crop_area": 0.3, "mirror": True}


@pytest.mark.parametrize("param", [RESIZED, PARTS])
def test_a_database_gives_the_same_pictures_but_for_details(database, param):
    whole = batches(from_database(database, param))
    reduced = batches(from_database(database, param, reduced=True))
    assert reduced.shape == whole.shape
    assert 0 < np.abs(whole - reduced).mean() < 8


@pytest.mark.parametrize("param", [RESIZED, PARTS])
def test_threads_change_no_byte(database, param):
    one, many = (
        batches(from_database(database, param, reduced=True, prefetch=p, threads=n))
        for p, n in ((0, 1), (5, 4))
    )
    np.testing.assert_array_equal(one, many)


def test_a_folder_and_a_database_of_the_same_files_agree(database, folder):
    param = TransformationParameter(**RESIZED)
    mine = FolderSource(folder, 4, param, TRAIN, 1, name="in", reduced=True)
    theirs = from_database(database, {**RESIZED, "force_color": True}, reduced=True)
    np.testing.assert_array_equal(batches(mine), batches(theirs))


@pytest.mark.parametrize(
    ("param", "phase", "least"),
    [
        (RESIZED, TRAIN, 28),
        (RESIZED, TEST, 28),
        ({"crop_size": 24, "min_crop_area": 0.25}, TRAIN, 48),
        ({"crop_size": 24, "min_crop_area": 0.25}, TEST, 0),  # the centre is not resized
        ({"crop_size": 24, "min_crop_area": 0.25, "resize": 30}, TRAIN, 30),
    ],
)
def test_images_are_never_decoded_smaller_than_what_they_become(
    database, monkeypatch, param, phase, least
):
    asked = set()
    decode_image = datum.decode_image
    monkeypatch.setattr(
        datum, "decode_image", lambda *args: asked.add(args[2]) or decode_image(*args)
    )
    batches(from_database(database, param, phase, reduced=True))
    assert asked == {least}


def test_without_a_size_nothing_can_be_reduced(database):
    with pytest.raises(
        FieldError,
        match="^reduced_decoding needs the size that images become: set resize or min_crop_area in"
        " transform_param$",
    ):
        from_database(database, {"crop_size": 24}, reduced=True)

"""The classification of labelled photos."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from imagenet_photos import Photo, main, middle, prepared, read_photos

from netdef.errors import DataError, MissingFile


def test_the_table_names_files_and_classes(tmp_path):
    table = tmp_path / "photos.tsv"
    table.write_text("name\tfile\tclass_id\nmagpie\ta b.jpg\t18\n")
    assert read_photos(table) == [Photo(tmp_path / "samples" / "a b.jpg", 18)]


def test_a_missing_table_is_an_error(tmp_path):
    path = tmp_path / "none.tsv"
    with pytest.raises(MissingFile, match=f"^{re.escape(str(path))}: no such file or folder$"):
        read_photos(path)


def test_the_crop_is_in_the_middle():
    image = np.zeros((256, 341, 3), np.float32)
    image[14, 57] = image[240, 283] = 200
    cropped = middle(image)
    assert cropped.shape == (227, 227, 3)
    np.testing.assert_array_equal(cropped[0, 0], cropped[226, 226])
    np.testing.assert_array_equal(cropped[0, 0], [96, 83, 77])
    np.testing.assert_array_equal(cropped[1, 1], [-104, -117, -123])


def test_a_photo_becomes_blue_green_red_planes(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 500, 3), (10, 20, 30), np.uint8))
    pixels = prepared(Photo(tmp_path / "a.png", 0))
    assert pixels.shape == (3, 227, 227)
    np.testing.assert_array_equal(pixels[:, 100, 100], [10 - 104, 20 - 117, 30 - 123])


def test_a_file_that_is_no_image_is_an_error(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_text("no image")
    with pytest.raises(DataError, match=f"^{re.escape(str(path))}: cannot be read as an image$"):
        prepared(Photo(path, 0))


def test_squeezenet_names_the_photos_as_recorded(shared: Path):
    """63.5 % and 85.7 % are what Caffe's own answers in samples.tsv score."""
    ran = CliRunner().invoke(main, ["--photos", str(shared / "data/imagenet/samples.tsv")])
    assert (ran.output, ran.exit_code) == ("63 photos: top-1 63.5%, top-5 85.7%\n", 0)

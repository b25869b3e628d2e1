import cv2
import numpy as np
import pytest

from netdef.data.contact_sheet import contact_sheet, write_png
from netdef.errors import DataError


def test_images_stand_in_rows_in_their_colours():
    blue = np.zeros((3, 200, 100), np.uint8)
    blue[0] = 255
    ramp = np.linspace(-1, 3, 100, dtype=np.float32).reshape(1, 10, 10)
    many = np.full((5, 4, 4), 9, np.uint8)
    sheet = contact_sheet([(blue, 0), (ramp, 12), (many, -3)])
    assert (sheet.shape, sheet.dtype) == ((232, 200, 3), np.uint8)
    assert sheet[50, 20].tolist() == [255, 0, 0]
    assert sheet[50, 70].tolist() == [255, 255, 255]  # a tall image leaves paper beside it
    assert sheet[3, 103].tolist() == [0, 0, 0]
    assert sheet[96, 196].tolist() == [255, 255, 255]
    assert sheet[150, 50].tolist() == [9, 9, 9]
    assert sheet[98:116, 100:].min() < 128  # the label


def test_a_file_that_is_written(tmp_path):
    sheet = contact_sheet([(np.full((1, 8, 8), 7, np.uint8), 1)])
    write_png(sheet, tmp_path / "a.png")
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png")), sheet)
    with pytest.raises(DataError, match=r"^a\.gif: is no name of a PNG file; end it with \.png$"):
        write_png(sheet, "a.gif")

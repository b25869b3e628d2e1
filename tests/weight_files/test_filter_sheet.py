"""Filters as pictures."""

import numpy as np
import pytest

from netdef.errors import ConfigError
from netdef.weight_files.filter_sheet import filter_sheet


def test_colours_are_those_of_the_channels():
    blob = np.zeros((2, 3, 1, 1), np.float32)
    blob[0, 2] = 1  # red, for channels are BGR
    blob[1, 0] = -1
    sheet = filter_sheet(blob)
    assert sheet.shape == (44, 86, 3)
    assert sheet[20, 20].tolist() == [128, 128, 255]
    assert sheet[20, 62].tolist() == [1, 128, 128]
    assert sheet[0, 0].tolist() == sheet[20, 43].tolist() == [255] * 3


def test_other_channels_are_a_row_for_each_filter():
    blob = np.arange(2 * 4 * 5 * 5, dtype=np.float32).reshape(2, 4, 5, 5)
    sheet = filter_sheet(blob)
    assert sheet.shape == (2 * 42 + 2, 4 * 42 + 2, 3)
    assert sheet[2, 2].tolist() == [128] * 3
    assert sheet[-3, -3].tolist() == [255] * 3


def test_what_cannot_be_drawn():
    with pytest.raises(ConfigError, match=r"has the shape \(4, 5\); filters are \(N, C, H, W\)"):
        filter_sheet(np.zeros((4, 5), np.float32))
    with pytest.raises(ConfigError, match="512 filters of 512 channels, too many to draw"):
        filter_sheet(np.zeros((512, 512, 1, 1), np.float32))

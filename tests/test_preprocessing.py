"""How pictures are prepared."""

import numpy as np
import pytest

from netdef.data.mean_image import write_mean
from netdef.errors import ConfigError, MissingFile
from netdef.preprocessing import (
    Preprocessing,
    mean_of_channels,
    read_preprocessing,
    usual_resize,
    write_preprocessing,
)


def picture(height, width):
    return np.arange(3 * height * width, dtype=np.uint8).reshape(3, height, width)


def test_the_middle_is_cut_out_and_the_mean_taken_before_the_scale():
    x = picture(4, 6)
    y = Preprocessing((2, 2), 4, (1, 2, 3), 0.5).prepare(x)
    assert y.dtype == np.float32
    mean = np.array([1, 2, 3], np.float32).reshape(3, 1, 1)
    np.testing.assert_array_equal(y, (x[:, 1:3, 2:4] - mean) * 0.5)


def test_rgb_nets_get_channels_the_other_way_round_with_their_mean():
    x = picture(2, 2)
    y = Preprocessing((2, 2), 2, (1, 2, 3), channel_order="rgb").prepare(x)
    np.testing.assert_array_equal(y, x[::-1] - np.array([1, 2, 3], np.float32).reshape(3, 1, 1))


@pytest.mark.parametrize(
    ("resize", "shape"), [(8, (3, 8, 12)), ((8, 8), (3, 8, 8)), (0, (3, 4, 6))]
)
def test_one_number_is_the_shorter_side_and_two_are_both(resize, shape):
    how = Preprocessing((4, 4), resize)
    assert how._resized(picture(4, 6)).shape == shape


def test_ten_crops_are_corners_middle_and_mirrored():
    x = picture(4, 6)
    ten = Preprocessing((2, 2), 4).prepare_ten(x)
    assert ten.shape == (10, 3, 2, 2)
    np.testing.assert_array_equal(ten[1], x[:, :2, 4:])
    np.testing.assert_array_equal(ten[2], x[:, 2:, :2])
    np.testing.assert_array_equal(ten[4], x[:, 1:3, 2:4])
    np.testing.assert_array_equal(ten[5:], ten[:5, ..., ::-1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel_order": "grb"}, "no channel order 'grb'; it is bgr or rgb"),
        (
            {"resize": (4, 1)},
            "resize 1 is smaller than the 2 x 2 pixels that the net takes; give 2 or more",
        ),
    ],
)
def test_what_cannot_be(changes, message):
    with pytest.raises(ConfigError) as caught:
        Preprocessing((2, 2), **changes)
    assert str(caught.value) == message


def test_a_mean_of_another_number_of_channels():
    with pytest.raises(ConfigError) as caught:
        Preprocessing((2, 2), 2, (1, 2)).prepare(picture(2, 2))
    assert str(caught.value) == "the mean has 2 numbers and the picture 3 channels; give 1 or 3"


def test_what_is_written_is_read_back(tmp_path):
    for how in (
        Preprocessing((5, 6), (7, 8), (1.5, 2, 3), 0.25, "rgb"),
        Preprocessing((5, 5), 9),
    ):
        write_preprocessing(tmp_path / "p.json", how)
        assert read_preprocessing(tmp_path / "p.json") == how


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"crop": [2, 2], "zoom": 3}', '{"crop": null}', '{"crop": 2, "resize": 2}']
)
def test_a_file_that_says_no_preprocessing(tmp_path, text):
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="p.json: does not say how to prepare pictures \\("):
        read_preprocessing(path)


def test_the_mean_of_channels_is_of_a_blob_or_an_array(tmp_path):
    image = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    write_mean(image, tmp_path / "mean.binaryproto")
    np.save(tmp_path / "mean.npy", image)
    for name in ("mean.binaryproto", "mean.npy"):
        assert mean_of_channels(tmp_path / name) == (1.5, 5.5, 9.5)
    with pytest.raises(MissingFile, match="none.npy: no such file or folder"):
        mean_of_channels(tmp_path / "none.npy")
    (tmp_path / "bad.npy").write_text("no array")
    with pytest.raises(ConfigError, match="bad.npy: is no array of NumPy's \\("):
        mean_of_channels(tmp_path / "bad.npy")


def test_sizes_without_a_word():
    assert [usual_resize((s, s)) for s in (227, 256, 28, 299)] == [256, 256, 28, 299]

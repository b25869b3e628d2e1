import cv2
import numpy as np
import pytest

from netdef.data.datum import decode_image
from netdef.data.image_file import read_image
from netdef.data.jpeg_head import jpeg_head
from tests.data.test_odd_images import with_orientation

SMOOTH = cv2.resize(
    np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8), (160, 120),
    interpolation=cv2.INTER_CUBIC,
)  # fmt: skip


def jpeg(*options):
    return cv2.imencode(".jpg", SMOOTH, options)[1].tobytes()


def gray_jpeg():
    return cv2.imencode(".jpg", SMOOTH[..., 0])[1].tobytes()


@pytest.mark.parametrize("is_progressive", [0, 1])
def test_sizes_are_those_of_opencv(is_progressive):
    assert jpeg_head(jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, is_progressive)) == (120, 160, 3)


def test_photographs(shared):
    paths = sorted((shared / "data/flowers/train").rglob("*.jpg"))[:30]
    assert len(paths) == 30
    for path in paths:
        content = path.read_bytes()
        height, width, channels = jpeg_head(content)
        assert (channels, height, width) == decode_image(content, color=True).shape


def test_what_is_no_jpeg_or_is_cut_short():
    assert jpeg_head(cv2.imencode(".png", SMOOTH)[1].tobytes()) is None
    assert jpeg_head(b"") is None
    whole = jpeg()
    for length in range(0, 150, 7):
        assert jpeg_head(whole[:length]) is None
    # A marker may be padded.
    assert jpeg_head(whole[:2] + b"\xff\xff" + whole[2:]) == (120, 160, 3)


@pytest.mark.parametrize(
    ("least", "by"),
    [(121, 1), (61, 1), (60, 2), (31, 2), (30, 4), (16, 4), (15, 8), (1, 8)],
)
def test_sides_stay_long_enough(least, by):
    assert jpeg_head(jpeg()).reduction(least) == by
    image = decode_image(jpeg(), color=True, least=least)
    assert image.shape == (3, 120 // by, 160 // by)
    gray = decode_image(jpeg(), color=False, least=least)
    assert gray.shape == (1, 120 // by, 160 // by)
    as_stored = decode_image(jpeg(), least=least)
    np.testing.assert_array_equal(as_stored, image)
    assert decode_image(gray_jpeg(), least=least).shape == gray.shape


def test_reduced_or_not_an_image_that_is_read_as_stored_is_not_turned():
    content = with_orientation(jpeg(), 6)
    assert decode_image(content).shape == (3, 120, 160)
    assert decode_image(content, least=60).shape == (3, 60, 80)
    assert decode_image(content, color=True).shape == (3, 160, 120)
    assert decode_image(content, color=True, least=60).shape == (3, 80, 60)


def test_where_nothing_is_asked_for_nothing_is_reduced():
    assert decode_image(jpeg(), color=True, least=0).shape == (3, 120, 160)


def test_the_picture_is_the_same_but_for_its_size(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    whole = read_image(str(tmp_path / "a.jpg"), True, 30, 40)
    reduced = read_image(str(tmp_path / "a.jpg"), True, 30, 40, least=40)
    difference = np.abs(whole.astype(int) - reduced).mean()
    assert whole.shape == reduced.shape == (3, 30, 40)
    assert 0 < difference < 3

import cv2
import numpy as np
import pytest

from netdef.data.datum import decode_image
from netdef.data.image_file import read_image
from netdef.data.jpeg_size import jpeg_size, reduction

SMOOTH = cv2.resize(
    np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8), (160, 120),
    interpolation=cv2.INTER_CUBIC,
)  # fmt: skip


def jpeg(*options):
    return cv2.imencode(".jpg", SMOOTH, options)[1].tobytes()


@pytest.mark.parametrize("is_progressive", [0, 1])
def test_sizes_are_those_of_opencv(is_progressive):
    assert jpeg_size(jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, is_progressive)) == (120, 160)


def test_photographs(shared):
    paths = sorted((shared / "data/flowers/train").rglob("*.jpg"))[:30]
    assert len(paths) == 30
    for path in paths:
        content = path.read_bytes()
        assert jpeg_size(content) == decode_image(content, color=True).shape[1:]


def test_what_is_no_jpeg_or_is_cut_short():
    assert jpeg_size(cv2.imencode(".png", SMOOTH)[1].tobytes()) is None
    assert jpeg_size(b"") is None
    whole = jpeg()
    for length in range(0, 150, 7):
        assert jpeg_size(whole[:length]) is None
    # A marker may be padded.
    assert jpeg_size(whole[:2] + b"\xff\xff" + whole[2:]) == (120, 160)


@pytest.mark.parametrize(
    ("least", "by"),
    [(0, 1), (121, 1), (61, 1), (60, 2), (31, 2), (30, 4), (16, 4), (15, 8), (1, 8)],
)
def test_sides_stay_long_enough(least, by):
    assert reduction(jpeg(), least) == by
    image = decode_image(jpeg(), color=True, least=least)
    assert image.shape == (3, 120 // by, 160 // by)
    gray = decode_image(jpeg(), color=False, least=least)
    assert gray.shape == (1, 120 // by, 160 // by)


def test_the_picture_is_the_same_but_for_its_size(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    whole = read_image(str(tmp_path / "a.jpg"), True, 30, 40)
    reduced = read_image(str(tmp_path / "a.jpg"), True, 30, 40, reduced=True)
    difference = np.abs(whole.astype(int) - reduced).mean()
    assert whole.shape == reduced.shape == (3, 30, 40)
    assert 0 < difference < 3

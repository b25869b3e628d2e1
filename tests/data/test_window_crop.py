import cv2
import numpy as np
import pytest

from netdef.data.window_crop import Span, WindowCrop
from netdef.data.window_list import ImageWindow
from netdef.errors import DataError

IMAGE = np.random.default_rng(4).integers(0, 256, (3, 20, 30), np.uint8)


def window(left, top, right, bottom):
    return ImageWindow(1, "a.png", 1, 1.0, left, top, right, bottom)


def square(crop, box, flips=False):
    """Return a window's pixels in their square, padding 0."""
    pixels, top, left = crop.cut(IMAGE, window(*box), flips)
    y = np.zeros((3, crop.size, crop.size), np.uint8)
    y[:, top : top + pixels.shape[1], left : left + pixels.shape[2]] = pixels
    return y


def stretched(image, height, width):
    return cv2.resize(image.transpose(1, 2, 0), (width, height)).transpose(2, 0, 1)


def test_a_window_is_warped_to_the_square():
    got = square(WindowCrop(8, 0, False), (3, 2, 20, 11))
    expected = stretched(IMAGE[:, 2:12, 3:21], 8, 8)
    np.testing.assert_array_equal(got, expected)
    got = square(WindowCrop(8, 0, False), (3, 2, 20, 11), flips=True)
    np.testing.assert_array_equal(got, expected[..., ::-1])


def test_context_lies_on_each_side():
    # 8 x 4 pixels become 12 x 12 less 2 on each side: the region grows by 12 / 8.
    crop = WindowCrop(12, 2, False)
    assert crop.spans(window(10, 8, 17, 11), 20, 30) == (Span(7, 14, 12), Span(8, 21, 12))
    got = square(crop, (10, 8, 17, 11))
    np.testing.assert_array_equal(got, stretched(IMAGE[:, 7:14, 8:21], 12, 12))


def test_the_square_around_a_window():
    # Centre (14, 10), half of the longer side 4: from 10 to 18, from 6 to 14.
    crop = WindowCrop(9, 0, True)
    assert crop.spans(window(10, 8, 17, 11), 20, 30) == (Span(6, 15, 9), Span(10, 19, 9))
    np.testing.assert_array_equal(square(crop, (10, 8, 17, 11)), IMAGE[:, 6:15, 10:19])


def test_what_reaches_beyond_the_image_is_padding():
    # Centre (2, 18), half 2, grown 12 / 8: columns -1 to 5, rows 15 to 21, 7 pixels each.
    crop = WindowCrop(12, 2, False)
    rows, columns = crop.spans(window(0, 16, 3, 19), 20, 30)
    assert rows == Span(15, 20, 9, 0, 3)  # 5 pixels and 2 beyond, of 12 / 7 each
    assert columns == Span(0, 6, 10, 2, 0)  # 1 beyond and 6 pixels
    part = stretched(IMAGE[:, 15:20, 0:6], 9, 10)
    expected = np.zeros((3, 12, 12), np.uint8)
    expected[:, :9, 2:] = part
    np.testing.assert_array_equal(square(crop, (0, 16, 3, 19)), expected)
    np.testing.assert_array_equal(square(crop, (0, 16, 3, 19), flips=True), expected[..., ::-1])


def test_halves_round_away_from_zero():
    # Centre (1.5, 1.5), half 0.5, times 3: from 0 to 3; at 0: from -1 to 2 (-1 and 2 exactly).
    assert WindowCrop(3, 1, False).spans(window(1, 1, 1, 1), 9, 9)[0] == Span(0, 4, 3)
    # Half 1, times 1.5, about 1: from -0.5, which is -1, to 2.5, which is 3.
    rows, _ = WindowCrop(6, 1, False).spans(window(0, 0, 1, 1), 9, 9)
    assert rows == Span(0, 4, 5, 1, 0)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("crop", [WindowCrop(7, 1, False), WindowCrop(10, 3, True)])
def test_every_window_fits_its_square(crop, seed):
    rng = np.random.default_rng(seed)
    (left, right), (top, bottom) = np.sort(rng.integers(0, (30, 20), (2, 2)), axis=0).T
    for flips in (False, True):
        pixels, first, start = crop.cut(IMAGE, window(left, top, right, bottom), flips)
        assert min(first, start) >= 0 and min(pixels.shape) > 0
        assert first + pixels.shape[1] <= crop.size and start + pixels.shape[2] <= crop.size


@pytest.mark.parametrize(
    ("box", "flips", "size", "start"),
    [
        # 1 pixel beyond the image and 13 inside, of 7 / 14 each: 1 and 7 when rounded.
        ((1, 5, 9, 9), False, 6, 1),
        ((1, 5, 9, 9), True, 7, 0),
        ((8, 5, 26, 9), False, 7, 0),
        ((8, 5, 26, 9), True, 6, 1),
    ],
)
def test_a_pixel_too_many_by_rounding_is_left_out(box, flips, size, start):
    pixels, _, left = WindowCrop(7, 1, False).cut(IMAGE, window(*box), flips)
    assert (pixels.shape[2], left) == (size, start)


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        (WindowCrop(8, 0, False), (0, 0, 30, 5)),
        (WindowCrop(8, 0, False), (-1, 0, 3, 5)),
        (WindowCrop(8, 2, False), (40, 0, 42, 5)),
    ],
)
def test_windows_outside_of_the_image(crop, box):
    with pytest.raises(DataError) as caught:
        crop.cut(IMAGE, window(*box), False)
    corners = " ".join(map(str, box))
    assert str(caught.value) == f"the window {corners} is not inside its 30 x 20 image"

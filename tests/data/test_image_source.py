import re

import cv2
import numpy as np
import pytest

from netdef.data.image_source import ImageSource
from netdef.errors import DataError, FieldError, MissingFile, ShapeError
from netdef.proto import TEST, TRAIN, TransformationParameter

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (7, 3, 6, 8), np.uint8)
RANDOM = dict(crop_size=5, mirror=True, mean_value=[1, 2, 3], scale=0.5)


@pytest.fixture
def listed(tmp_path):
    for i, image in enumerate(IMAGES):
        assert cv2.imwrite(str(tmp_path / f"a photo {i}.png"), image.transpose(1, 2, 0))
    lines = [f"a photo {i}.png {10 + i}\n" for i in range(len(IMAGES))]
    (tmp_path / "list.txt").write_text("".join(lines))
    return tmp_path / "list.txt"


def source(path, batch_size=3, phase=TRAIN, seed=1, fields=None, **options):
    param = TransformationParameter(**(fields or {}))
    return ImageSource(path, batch_size, param, phase, seed, root=f"{path.parent}/", **options)


def batches(path, count, state=None, **options):
    opened = source(path, **options)
    if state:
        opened.restore(state)
    got = [tuple(top.copy() for top in opened.next()) for _ in range(count)]
    opened.close()
    opened.close()
    return got


def labels(path, count, **options):
    return [int(n) for _, some in batches(path, count, **options) for n in some]


def test_images_in_order_round_and_round(listed):
    for i, (images, numbers) in enumerate(batches(listed, 5)):
        at = [(3 * i + k) % 7 for k in range(3)]
        np.testing.assert_array_equal(images, IMAGES[at])
        assert numbers.tolist() == [10 + n for n in at]


def test_gray_and_resized(listed):
    ((images, _),) = batches(listed, 1, color=False, height=3, width=4)
    assert images.shape == (3, 1, 3, 4)
    for image, path in zip(images, sorted(listed.parent.glob("*.png")), strict=False):
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(image[0], cv2.resize(gray, (4, 3)))


def test_transformed_in_test(listed):
    ((images, _),) = batches(listed, 1, phase=TEST, fields=dict(crop_size=4, scale=0.5))
    np.testing.assert_array_equal(images, IMAGES[:3, :, 1:5, 2:6] * 0.5)


def test_shuffled_rounds_hold_every_image_once(listed):
    got = labels(listed, 7, shuffle=True)
    rounds = [got[i : i + 7] for i in (0, 7, 14)]
    assert all(sorted(one) == list(range(10, 17)) for one in rounds)
    assert rounds[0] != rounds[1] != rounds[2]
    assert labels(listed, 7, shuffle=True) == got
    assert labels(listed, 7, shuffle=True, seed=2) != got
    assert labels(listed, 7, shuffle=True, name="other") != got


def test_skipped_images_differ_by_seed(listed):
    firsts = {labels(listed, 1, rand_skip=5, seed=seed)[0] for seed in range(40)}
    assert firsts == {10, 11, 12, 13, 14}
    assert labels(listed, 1, rand_skip=1) == [10, 11, 12]


def test_the_state_goes_on_where_it_was(listed):
    options = dict(shuffle=True, rand_skip=4, fields=RANDOM, seed=6)
    opened = source(listed, **options)
    opened.next()
    opened.next()
    state = opened.state()
    rest = [tuple(top.copy() for top in opened.next()) for _ in range(3)]
    opened.close()
    for one, other in zip(rest, batches(listed, 3, state, **options), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_randomness_is_an_images_own(listed):
    ones = batches(listed, 14, batch_size=1, fields=RANDOM)
    threes = batches(listed, 4, batch_size=3, fields=RANDOM)
    for i, (images, _) in enumerate(threes):
        for k, image in enumerate(images):
            np.testing.assert_array_equal(image, ones[3 * i + k][0][0])
    assert not np.array_equal(ones[0][0], ones[7][0])


def error(kind, path, **options):
    with pytest.raises(kind) as caught:
        batches(path, 3, **options)
    return str(caught.value).replace(str(path.parent), "FOLDER")


def test_damaged_and_missing_images(listed):
    folder = listed.parent
    (folder / "a photo 4.png").write_bytes(b"not pixels")
    assert error(DataError, listed) == (
        "FOLDER/list.txt:5: FOLDER/a photo 4.png: its 10 bytes are not an image that OpenCV reads;"
        " it is damaged or of an unknown format"
    )
    (folder / "a photo 0.png").unlink()
    assert error(DataError, listed) == (
        "FOLDER/list.txt:1: FOLDER/a photo 0.png: no such file or folder"
    )


def test_an_error_comes_again_and_can_be_mended(listed):
    path = listed.parent / "a photo 4.png"
    content = path.read_bytes()
    path.write_bytes(b"")
    opened = source(listed)
    opened.next()
    for _ in range(2):
        with pytest.raises(DataError, match=re.escape("list.txt:5: ")):
            opened.next()
    path.write_bytes(content)
    assert opened.next()[1].tolist() == [13, 14, 15]
    opened.close()


def test_images_of_other_sizes(listed):
    cv2.imwrite(str(listed.parent / "a photo 3.png"), np.zeros((9, 9, 3), np.uint8))
    assert error(ShapeError, listed) == (
        "FOLDER/list.txt:4: a photo 3.png becomes (3, 9, 9), the first image (3, 6, 8); set"
        " new_height and new_width, crop_size, or batch_size 1"
    )
    assert error(ShapeError, listed, fields=dict(crop_size=7)) == (
        "FOLDER/list.txt:1: crop_size 7 is larger than the image of 6 x 8 pixels; lower crop_size"
        " or convert to larger images"
    )
    assert batches(listed, 2, fields=dict(crop_size=5))[1][0].shape == (3, 3, 5, 5)


def test_what_is_refused(listed):
    assert error(FieldError, listed, height=4) == (
        "give new_height and new_width, in pixels, or none of them"
    )
    missing = listed.parent / "nowhere.txt"
    assert error(MissingFile, missing) == "FOLDER/nowhere.txt: no such file or folder"
    listed.write_text("a.png 1\nb.png dog\n")
    assert error(DataError, listed) == (
        "FOLDER/list.txt:2: 'dog' is not a label; end the line with a blank and a whole number"
    )

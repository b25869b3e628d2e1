import re

import cv2
import numpy as np
import pytest

from netdef.data.augmentation import uniform
from netdef.data.transformer import Transformer
from netdef.errors import FieldError, ShapeError
from netdef.proto import TEST, TRAIN, BorderParameter, TransformationParameter
from netdef.shape import Shape

RNG = np.random.default_rng(1)
IMAGES = [RNG.integers(0, 256, (3, 12, 16), np.uint8) for _ in range(40)]
SMOOTH = cv2.GaussianBlur(RNG.integers(0, 256, (12, 16, 3), np.uint8), (7, 7), 3).transpose(2, 0, 1)


def transformed(images, phase=TRAIN, first=0, **fields):
    transformer = Transformer(TransformationParameter(**fields), phase, 1, "data")
    top = transformer.shape(Shape(images[0].shape))
    out = np.full((len(images), *top), np.nan, np.float32)
    transformer.apply(images, first, out)
    return out


@pytest.mark.parametrize(
    "fields",
    [
        dict(resize=9, crop_size=8),
        dict(pad=2, crop_size=12),
        dict(max_rotation=20),
        dict(min_crop_area=0.3, crop_size=8),
        dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=20),
        dict(cutout=5, mirror=True),
    ],
)
def test_a_record_is_changed_by_its_number_only(fields):
    whole = transformed(IMAGES, **fields)
    assert not np.isnan(whole).any()
    np.testing.assert_array_equal(transformed(IMAGES[7:], first=7, **fields), whole[7:])
    again = transformed(IMAGES, first=1, **fields)
    assert ("resize" in fields) or not np.array_equal(again, whole)


def test_colours_do_not_depend_on_what_is_cut_out():
    flat = np.full((3, 12, 16), 100, np.uint8)
    bright = transformed([flat] * 60, brightness=0.5)[:, 0, 0, 0]
    rows = np.broadcast_to(np.arange(12, dtype=np.float32)[:, None], (1, 12, 16))
    cut = transformed([rows] * 60, min_crop_area=0.2, crop_size=8)[:, 0]
    assert abs(np.corrcoef(bright, cut[:, -1, 0] - cut[:, 0, 0])[0, 1]) < 0.4


@pytest.mark.parametrize(
    "fields",
    [
        dict(max_rotation=20),
        dict(min_crop_area=0.3, crop_size=8),
        dict(brightness=0.4, contrast=0.4, saturation=0.4, hue=20),
        dict(cutout=5),
    ],
)
def test_tests_change_nothing_at_random(fields):
    plain = {name: value for name, value in fields.items() if name == "crop_size"}
    np.testing.assert_array_equal(
        transformed(IMAGES, TEST, **fields), transformed(IMAGES, TEST, **plain)
    )


@pytest.mark.parametrize(
    ("mode", "height", "width"), [("SHORTER", 6, 8), ("LONGER", 4, 6), ("BOTH", 6, 6)]
)
def test_resizing(mode, height, width):
    got = transformed([SMOOTH], resize=6, resize_mode=BorderParameter.ResizeMode.Value(mode))
    wanted = cv2.resize(SMOOTH.transpose(1, 2, 0), (width, height)).transpose(2, 0, 1)
    np.testing.assert_array_equal(got[0], wanted)


@pytest.mark.parametrize(
    ("mode", "name"), [("ZERO", "constant"), ("REFLECT", "reflect"), ("EDGE", "edge")]
)
def test_padding(mode, name):
    fields = dict(pad=3, pad_mode=BorderParameter.PadMode.Value(mode))
    wanted = np.pad(SMOOTH, ((0, 0), (3, 3), (3, 3)), name)
    np.testing.assert_array_equal(transformed([SMOOTH], TEST, **fields)[0], wanted)
    np.testing.assert_array_equal(
        transformed([SMOOTH], TEST, crop_size=12, **fields)[0], SMOOTH[:, :, 2:14]
    )


def test_rotation_turns_about_the_centre():
    bar = np.zeros((1, 21, 21), np.uint8)
    bar[0, 10] = 255
    turned = transformed([bar] * 200, max_rotation=90)
    assert (turned[:, 0, 10, 10] > 250).all()
    angles = []
    for image in turned[:, 0]:
        rows, columns = np.nonzero(image > 128)
        angles.append(np.degrees(np.arctan2(*np.linalg.svd(np.c_[rows, columns] - 10.0)[2][0])))
    folded = (np.array(angles) + 90) % 180 - 90
    assert folded.min() < -75 and folded.max() > 75 and abs(np.median(folded)) < 25


def test_parts_have_random_areas_and_proportions():
    rows, columns = np.mgrid[0:100, 0:200].astype(np.float32)
    ramp = np.stack([rows, columns])
    got = transformed([ramp] * 400, min_crop_area=0.25, max_crop_aspect=2, crop_size=50)
    heights = (got[:, 0, -1, 0] - got[:, 0, 0, 0]) * 50 / 49
    widths = (got[:, 1, 0, -1] - got[:, 1, 0, 0]) * 50 / 49
    areas = heights * widths / 20000
    assert 0.22 < areas.min() < 0.3
    assert areas.max() > 0.6
    inside = heights < 99
    aspects = widths[inside] / heights[inside]
    assert 0.45 < aspects.min() < 0.7 and 1.6 < aspects.max() < 2.2
    assert got[:, 0].min() >= 0 and got[:, 0].max() <= 99 and got[:, 1].max() <= 199


def gray(image):
    return (np.array([0.114, 0.587, 0.299]).reshape(3, 1, 1) * image).sum(axis=-3)


def test_brightness_multiplies():
    flat = np.full((3, 4, 4), 100, np.uint8)
    got = transformed([flat] * 200, brightness=0.2)[:, 0, 0, 0]
    assert 80 <= got.min() < 83 and 117 < got.max() <= 120 and abs(got.mean() - 100) < 3


def test_contrast_keeps_the_mean_of_the_greys():
    middle = (SMOOTH // 2 + 64).astype(np.float32)
    for image in transformed([middle] * 20, contrast=0.5):
        assert gray(image).mean() == pytest.approx(gray(middle).mean(), abs=0.01)
        factor = (image - gray(image).mean()) / (middle - gray(middle).mean())
        assert factor.min() == pytest.approx(factor.max(), abs=0.05)
        assert 0.5 <= factor.mean() <= 1.5


def test_saturation_keeps_greys():
    image = SMOOTH.astype(np.float32)
    got = transformed([image] * 20, saturation=1)
    for changed in got:
        np.testing.assert_allclose(gray(changed), gray(image), atol=0.01)
    spread = [np.abs(changed - gray(changed)).mean() for changed in got]
    assert min(spread) < 0.5 * max(spread)


def test_hue_turns_colours():
    red = np.zeros((3, 2, 2), np.uint8)
    red[2] = 200
    got = transformed([red] * 300, hue=120)[:, :, 0, 0]
    np.testing.assert_allclose(got.max(axis=1), 200, atol=1)
    for channel in range(3):
        assert (got[:, channel] > 195).any()
    np.testing.assert_array_equal(transformed([red] * 5, hue=0.001), [red] * 5)


def test_cutout_sets_a_square_to_the_mean():
    ones = np.full((2, 20, 20), 7, np.uint8)
    got = transformed([ones] * 300, cutout=6, mean_value=[3])
    assert set(np.unique(got)) == {0, 4}
    counts = (got[:, 0] == 0).sum(axis=(1, 2))
    assert counts.max() == 36 and counts.min() < 36
    np.testing.assert_array_equal(got[:, 0], got[:, 1])
    assert (got == 0).any(axis=(0, 1)).all()


def test_uniform_numbers():
    words = np.array([0, 2**63, 2**64 - 1], np.uint64)
    assert uniform(words).tolist() == [0, 0.5, 1 - 2.0**-53]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        (
            dict(min_crop_area=0),
            FieldError,
            "min_crop_area must be above 0 and at most 1, got 0",
        ),
        (
            dict(min_crop_area=0.5),
            FieldError,
            "min_crop_area needs crop_size, the side that parts are resized to",
        ),
        (dict(max_crop_aspect=0.5), FieldError, "max_crop_aspect must be at least 1, got 0.5"),
        (
            dict(max_rotation=181),
            FieldError,
            "max_rotation must be from 0 to 180 degrees, got 181",
        ),
        (dict(hue=-1), FieldError, "hue must be from 0 to 180 degrees, got -1"),
        (dict(contrast=1.5), FieldError, "contrast must be from 0 to 1, got 1.5"),
        (
            dict(pad=2, crop_size=17),
            ShapeError,
            "crop_size 17 is larger than the image of 16 x 20 pixels; lower crop_size or convert "
            "to larger images",
        ),
    ],
)
def test_refusals(fields, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        transformed(IMAGES, **fields)


def test_what_images_cannot_have():
    message = "saturation and hue need 3 channels, the image has 1; remove them, or set force_color"
    with pytest.raises(ShapeError, match=f"^{message}$"):
        transformed([SMOOTH[:1]], hue=5)
    assert transformed([SMOOTH[:1]], brightness=0.5, contrast=0.5).shape == (1, 1, 12, 16)


def test_a_mean_file_does_not_fit_images_that_move(tmp_path):
    from netdef.data.mean_image import write_mean

    write_mean(np.zeros((3, 12, 16)), tmp_path / "mean")
    message = "mean_file does not fit images that pad changes; set mean_value instead"
    with pytest.raises(FieldError, match=f"^{message}$"):
        transformed(IMAGES, pad=1, mean_file=str(tmp_path / "mean"))
    fields = dict(mean_file=str(tmp_path / "mean"), brightness=0.1)
    assert transformed(IMAGES, **fields).shape == (40, 3, 12, 16)

import re

import numpy as np
import pytest

from netdef.data.mean_file import read_mean
from netdef.data.random_words import random_words
from netdef.data.transformer import Transformer
from netdef.errors import FieldError, MissingFile, ShapeError
from netdef.io.blobs import write_blob
from netdef.proto import TEST, TRAIN, TransformationParameter
from netdef.shape import Shape

RNG = np.random.default_rng(1)
IMAGES = [RNG.integers(0, 256, (3, 6, 8), np.uint8) for _ in range(40)]
MEAN = RNG.random((3, 6, 8), np.float32) * 100


def transform(images=IMAGES, phase=TRAIN, first=0, seed=5, **fields):
    transformer = Transformer(TransformationParameter(**fields), phase, seed, "data")
    out = np.full((len(images), *transformer.shape(Shape(images[0].shape))), np.nan, np.float32)
    transformer.apply(images, first, out)
    return out


def by_hand(number, image, crop, mean, scale, mirrors):
    """What Caffe does with a record in TRAIN, value by value."""
    row, column, flip, _ = random_words(5, "data/transform", number, 1)[0].tolist()
    row, column = row % (image.shape[1] - crop + 1), column % (image.shape[2] - crop + 1)
    y = np.empty((3, crop, crop), np.float32)
    for c, h, w in np.ndindex(y.shape):
        value = np.float32(image[c, row + h, column + w]) - mean[c, row + h, column + w]
        y[c, h, crop - 1 - w if mirrors and flip % 2 else w] = value * np.float32(scale)
    return y


@pytest.fixture
def mean_file(tmp_path):
    write_blob(tmp_path / "mean.binaryproto", MEAN[None])
    return str(tmp_path / "mean.binaryproto")


@pytest.mark.parametrize("mirror", [False, True])
def test_train_crops_at_random_then_subtracts_the_mean_there_then_scales(mean_file, mirror):
    got = transform(crop_size=5, mirror=mirror, mean_file=mean_file, scale=0.3)
    wanted = [by_hand(i, image, 5, MEAN, 0.3, mirror) for i, image in enumerate(IMAGES)]
    np.testing.assert_array_equal(got, wanted)


def test_every_crop_and_both_flips_occur():
    image = np.arange(48, dtype=np.uint8).reshape(1, 6, 8)
    got = transform([image] * 400, crop_size=5, mirror=True)
    assert len({y.tobytes() for y in got}) == 2 * 4 * 2
    flipped = (got[:, 0, 0, 0] > got[:, 0, 0, 1]).mean()
    assert 0.4 < flipped < 0.6


def test_test_crops_the_centre(mean_file):
    got = transform(phase=TEST, crop_size=5, mean_file=mean_file)
    wanted = [image[:, 0:5, 1:6] - MEAN[:, 0:5, 1:6] for image in IMAGES]
    np.testing.assert_array_equal(got, wanted)


def test_test_mirrors_too_as_caffe_does():
    got = transform(phase=TEST, mirror=True)
    flips = [np.array_equal(y, x[..., ::-1]) for x, y in zip(IMAGES, got, strict=True)]
    plain = [np.array_equal(y, x) for x, y in zip(IMAGES, got, strict=True)]
    assert sum(flips) + sum(plain) == len(IMAGES)
    assert sum(flips) not in (0, len(IMAGES))


@pytest.mark.parametrize("values", [[10], [10, 20, 30]])
def test_mean_values_are_of_all_channels_or_of_each(values):
    got = transform(mean_value=values, scale=2)
    means = np.array(values * (3 // len(values)), np.float32).reshape(3, 1, 1)
    np.testing.assert_array_equal(got, (np.array(IMAGES) - means) * 2)


def test_large_images_are_the_same_as_small_ones():
    images = [RNG.integers(0, 256, (3, 60, 70), np.uint8) for _ in range(3)]
    got = transform(images, phase=TEST, crop_size=33, mean_value=[7], scale=0.5)
    cut = np.array(images)[:, :, 13:46, 18:51].astype(np.float32)
    np.testing.assert_array_equal(got, (cut - 7) * 0.5)


def test_images_of_other_sizes_share_a_crop():
    images = [IMAGES[0], IMAGES[1][:, :5, :7], IMAGES[2].astype(np.float32)]
    got = transform(images, phase=TEST, crop_size=5)
    np.testing.assert_array_equal(got[1], images[1][:, :, 1:6])
    np.testing.assert_array_equal(got[2], images[2][:, 0:5, 1:6])


def test_a_record_is_the_same_wherever_its_batch_begins():
    whole = transform(crop_size=5, mirror=True)
    np.testing.assert_array_equal(
        transform(IMAGES[7:20], first=7, crop_size=5, mirror=True), whole[7:20]
    )
    assert not np.array_equal(transform(crop_size=5, mirror=True, seed=6), whole)
    assert not np.array_equal(transform(crop_size=5, mirror=True, first=40), whole)


def test_caffes_mean_is_read(shared):
    assert read_mean(shared / "goldens/databases/mean.binaryproto").shape == (3, 28, 32)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        (
            dict(crop_size=7),
            ShapeError,
            "crop_size 7 is larger than the image of 6 x 8 pixels; lower crop_size or convert to "
            "larger images",
        ),
        (
            dict(mean_value=[1, 2]),
            ShapeError,
            "2 mean_values for 3 channels; give 1 or 3",
        ),
        (
            dict(mean_value=[1], mean_file="x"),
            FieldError,
            "mean_file and mean_value exclude each other; remove one",
        ),
        (
            dict(force_color=True, force_gray=True),
            FieldError,
            "force_color and force_gray exclude each other; remove one",
        ),
        (dict(mean_file="no/mean"), MissingFile, "no/mean: no such file or folder"),
    ],
)
def test_refusals(fields, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        transform(**fields)


def test_a_mean_of_another_size_is_refused(mean_file):
    message = (
        f"mean_file {mean_file} has the shape (3, 6, 8), the image (3, 6, 7); compute the mean of "
        "this database, or use mean_value"
    )
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        transform([IMAGES[0][:, :, 1:]], mean_file=mean_file)


def test_a_blob_that_is_no_image_is_no_mean(tmp_path):
    path = tmp_path / "mean"
    write_blob(path, np.zeros((2, 3, 6, 8), np.float32))
    message = f"{path}: a blob of shape (2, 3, 6, 8) is not the mean of images"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        read_mean(path)

"""Images that are left to a GPU as bytes: finished by NumPy here, they are the CPU's."""

import re

import cv2
import numpy as np
import pytest

from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode, encode_file
from netdef.data.image_source import ImageSource
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import DataError
from netdef.io.blobs import write_blob
from netdef.proto import TEST, TRAIN, TransformationParameter

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (10, 3, 12, 14), np.uint8)
LARGE = RNG.integers(0, 256, (5, 3, 60, 70), np.uint8)
FIELDS = [
    {},
    dict(crop_size=9, mirror=True, mean_value=[1.1, 2.2, 3.3], scale=0.37),
    dict(crop_size=9, mean_value=[7], scale=-0.5),
    dict(mirror=True, scale=1 / 256),
    dict(crop_size=8, mirror=True, resize=11, brightness=0.3, max_rotation=20, pad=1),
    dict(crop_size=8, min_crop_area=0.3, mean_value=[5], hue=20),
]


def finished(finish, pixels, drawn, *others):
    """Do what is left to do."""
    mean = np.zeros((1, 1, 1), np.float32) if finish.mean is None else finish.mean
    shape = finish.shape(pixels.shape)
    y = np.empty(shape, np.float32)
    mean = np.broadcast_to(mean, pixels.shape[1:]) if mean.shape[1:] == (1, 1) else mean
    for x, (row, column, flips), out in zip(pixels, drawn, y, strict=True):
        window = np.s_[:, row : row + shape[2], column : column + shape[3]]
        made = (x[window].astype(np.float32) - mean[window]) * finish.scale
        out[...] = made[..., ::-1] if flips else made
    return (y, *others)


def batches(open_source, count=6, leaves=False, state=None):
    source = open_source()
    finish = source.leave_images() if leaves else None
    if state:
        source.restore(state)
    found = []
    for _ in range(count):
        batch = source.next()
        if leaves:
            assert batch[0].dtype == np.uint8
            batch = finished(finish, *batch)
        found.append([top.copy() for top in batch])
    state = source.state()
    source.close()
    return found, state


def assert_same(open_source):
    wanted, wanted_state = batches(open_source)
    found, state = batches(open_source, leaves=True)
    assert state == wanted_state
    for one, other in zip(found, wanted, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    _, middle = batches(open_source, 2, leaves=True)
    resumed, _ = batches(open_source, 4, leaves=True, state=middle)
    np.testing.assert_array_equal(resumed[-1][0], wanted[-1][0])


def write(path, values):
    with LmdbWriter(path) as writer:
        for number, value in enumerate(values):
            writer.put(b"%08d" % number, value)
    return path


def png(image):
    return cv2.imencode(".png", image.transpose(1, 2, 0))[1].tobytes()


def of_database(path, fields, phase=TRAIN, batch_size=4, **options):
    param = TransformationParameter(**fields)
    return lambda: DatabaseSource(path, "LMDB", batch_size, param, phase, 1, name="d", **options)


@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("images", [IMAGES, LARGE], ids=["small", "large"])
def test_records_of_raw_pixels(tmp_path, images, fields, phase):
    path = write(tmp_path / "raw", [encode(x, i) for i, x in enumerate(images)])
    assert_same(of_database(path, fields, phase))
    assert_same(of_database(path, fields, phase, with_label=False, shuffle=True))


@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("fields", FIELDS)
def test_encoded_records(tmp_path, fields, phase):
    path = write(tmp_path / "png", [encode_file(png(x), i) for i, x in enumerate(IMAGES)])
    assert_same(of_database(path, fields, phase))


@pytest.mark.parametrize("images", [IMAGES, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("write_record", [encode, lambda x, i: encode_file(png(x), i)])
def test_a_mean_image(tmp_path, images, write_record):
    mean = RNG.random(images.shape[1:], np.float32) * 100
    write_blob(tmp_path / "mean.binaryproto", mean[None])
    path = write(tmp_path / "db", [write_record(x, i) for i, x in enumerate(images)])
    fields = dict(crop_size=9, mirror=True, scale=0.3, mean_file=str(tmp_path / "mean.binaryproto"))
    assert_same(of_database(path, fields))


@pytest.mark.parametrize("write_record", [encode, lambda x, i: encode_file(png(x), i)])
def test_images_of_several_sizes_are_cut_here(tmp_path, write_record):
    images = [IMAGES[0], IMAGES[1][:, :10, :11], IMAGES[2][:, 1:], LARGE[0], IMAGES[3]]
    path = write(tmp_path / "db", [write_record(x, i) for i, x in enumerate(images)])
    assert_same(of_database(path, dict(crop_size=9, mirror=True, mean_value=[3], scale=0.3)))
    # One at a time, each as large as it is.
    assert_same(of_database(path, dict(mirror=True, scale=0.3), batch_size=1))


@pytest.mark.parametrize("size", [{}, dict(height=13, width=11)])
def test_image_files(tmp_path, size):
    names = [tmp_path / f"{i}.png" for i in range(len(IMAGES))]
    for name, image in zip(names, IMAGES, strict=True):
        name.write_bytes(png(image))
    (tmp_path / "list").write_text("".join(f"{name} {i}\n" for i, name in enumerate(names)))
    param = TransformationParameter(**FIELDS[1])
    for color in (True, False):
        param.mean_value[:] = [1.1, 2.2, 3.3] if color else [4.4]
        assert_same(
            lambda color=color: ImageSource(
                tmp_path / "list", 4, param, TRAIN, 1, color=color, **size
            )
        )


def test_what_travels_is_whole_where_sizes_are_known_and_else_cut(tmp_path):
    raw = write(tmp_path / "raw", [encode(x, i) for i, x in enumerate(IMAGES)])
    encoded = write(tmp_path / "png", [encode_file(png(x), i) for i, x in enumerate(IMAGES)])
    for path, sides in ((raw, (12, 14)), (encoded, (9, 9))):
        source = of_database(path, dict(crop_size=9))()
        assert source.leave_images().shape((4, 3, *sides)) == (4, 3, 9, 9)
        assert source.next()[0].shape == (4, 3, *sides)
        assert source.shapes == ((4, 3, 9, 9), (4,))
        source.close()


def test_what_no_gpu_does_stays_here(tmp_path):
    raw = write(tmp_path / "raw", [encode(x, i) for i, x in enumerate(IMAGES)])
    floats = write(tmp_path / "floats", [encode(x / np.float32(3), 0) for x in IMAGES])
    for path, fields in ((raw, dict(cutout=3)), (floats, {})):
        source = of_database(path, fields)()
        assert source.leave_images() is None
        assert source.next()[0].dtype == np.float32
        source.close()


def test_floats_among_bytes(tmp_path):
    path = write(tmp_path / "db", [encode(IMAGES[0], 0), encode(IMAGES[1] / np.float32(3), 0)])
    source = of_database(path, {})()
    source.leave_images()
    message = (
        f"{path}: record '00000001': its pixels are floats, those of the first record bytes;"
        " convert the images again, or run on the CPU"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        source.next()
    source.close()

"""The kernel that finishes images: the numbers of the CPU, bit for bit, in any order in memory."""

import itertools

import ml_dtypes
import numpy as np
import pytest

from netdef.data.transformer import Transformer
from netdef.engines.cupy import kernels
from netdef.engines.cupy.transform import Transform
from netdef.io.blobs import write_blob
from netdef.proto import TEST, TRAIN, TransformationParameter
from netdef.shape import Shape
from tests.engines import stand_in
from tests.engines.kernels_on_cpu import RawModule
from tests.engines.nvrtc import ARCHITECTURES, assembly, complaints, library
from tests.engines.test_agree import gpu_module

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (7, 3, 12, 15), np.uint8)
MEAN = RNG.random((3, 12, 15), np.float32) * 200
FIELDS = [
    {},
    dict(scale=1 / 255, mirror=True),
    dict(crop_size=9, mirror=True, mean_value=[101.3, 17.7, 200.1], scale=0.0173),
    dict(crop_size=9, mean_value=[33.3], scale=-3.7),
    dict(mean_file="mean", scale=0.37, mirror=True),
    dict(mean_file="mean", scale=0.37, mirror=True, crop_size=8),
]
ORDERS = {"plain": (0, 1, 2, 3), "batch innermost": (1, 2, 3, 0), "channels last": (0, 2, 3, 1)}


@pytest.fixture(params=["stand-in", pytest.param("cupy", marks=pytest.mark.gpu)])
def xp(request):
    """What the kernel runs on."""
    return stand_in.module() if request.param == "stand-in" else gpu_module()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("image", ["float32", *kernels.NARROW])
def test_compiles_for_gpus(architecture, image):
    assert complaints(library(), kernels.source("transform", image), architecture) == ""


def test_a_gpu_rounds_after_the_difference_and_after_the_product():
    text = assembly(library(), kernels.source("transform", "float32"), ["-ftz=true"])
    assert "sub.ftz.f32" in text
    assert "mul.ftz.f32" in text
    assert "fma" not in text


def transformer(tmp_path, fields, phase):
    write_blob(tmp_path / "mean", MEAN[None])
    fields = {**fields, **({"mean_file": str(tmp_path / "mean")} if "mean_file" in fields else {})}
    return Transformer(TransformationParameter(**fields), phase, 3, "data")


def lying(make, shape, dtype, order):
    """Return a new array whose axes lie in an order, outermost first."""
    array = make([shape[axis] for axis in ORDERS[order]], dtype)
    return array.transpose(np.argsort(ORDERS[order]).tolist())


def finished(xp, transformer, images, dtype, order, pixels_order="plain", takes=None):
    """Return what the kernel makes of images that a transformer leaves."""
    shape = transformer.pixels(Shape(images[0].shape), of_one_size=True)
    pixels = lying(np.empty, (len(images), *shape), np.uint8, pixels_order)
    drawn = np.empty((len(images), 3), np.int32)
    transformer.leave(images, 20, pixels, drawn)
    there = lying(xp.empty, pixels.shape, "uint8", pixels_order)
    there[...] = xp.asarray(pixels)
    finish = transformer.finish()
    y = lying(xp.zeros, (takes or len(images), *finish.shape(shape)), dtype, order)
    Transform(xp, finish)(there, xp.asarray(drawn), y)
    return y.get()


def wanted(transformer, images, dtype):
    y = np.empty((len(images), *transformer.shape(Shape(images[0].shape))), np.float32)
    transformer.apply(images, 20, y)
    return y.astype(dtype)


@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("order", ORDERS)
def test_makes_the_numbers_of_the_cpu(fields, phase, order, tmp_path, xp):
    own = transformer(tmp_path, fields, phase)
    for pixels_order in ("plain", "channels last"):
        found = finished(xp, own, IMAGES, "float32", order, pixels_order)
        assert found.tobytes() == wanted(own, IMAGES, "float32").tobytes()


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("order", ORDERS)
def test_rounds_once_to_what_images_are_stored_in(dtype, order, tmp_path, xp):
    own = transformer(tmp_path, FIELDS[2], TRAIN)
    found = finished(xp, own, IMAGES, dtype, order)
    assert found.tobytes() == wanted(own, IMAGES, dtype).tobytes()


def test_gray_images_and_fewer_than_came(tmp_path, xp):
    for fields, count in itertools.product([{}, dict(mean_value=[9.5], crop_size=5)], [7, 3, 1]):
        own = transformer(tmp_path, {**fields, "mirror": True}, TRAIN)
        found = finished(xp, own, IMAGES[:, :1], "float32", "plain", takes=count)
        assert found.tobytes() == wanted(own, IMAGES[:, :1], "float32")[:count].tobytes()


def test_one_row_and_one_column(tmp_path, xp):
    own = transformer(tmp_path, dict(mirror=True, crop_size=1), TRAIN)
    for images in (IMAGES[:, :, :1], IMAGES[..., :1], IMAGES[:1, :1, :1, :1]):
        found = finished(xp, own, images, "float32", "channels last")
        assert found.tobytes() == wanted(own, images, "float32").tobytes()


def test_no_order_of_threads_changes_a_bit(monkeypatch, tmp_path, xp):
    own = transformer(tmp_path, FIELDS[-1], TRAIN)
    forwards = finished(xp, own, IMAGES, "float32", "plain")
    monkeypatch.setattr(RawModule, "is_backwards", True)
    np.testing.assert_array_equal(finished(xp, own, IMAGES, "float32", "plain"), forwards)

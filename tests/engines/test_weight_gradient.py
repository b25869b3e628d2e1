"""The gradient of a weight as products of matrices, one for each tap of the window."""

import numpy as np
import pytest

from netdef.engines import Scratch, aligned
from netdef.engines.available import why_no_onednn
from netdef.engines.numpy import NumpyEngine
from netdef.engines.scratch import fake
from netdef.engines.threads import Threads
from netdef.errors import ConfigError
from netdef.precision import checked_precision
from netdef.window import Window

pytestmark = pytest.mark.skipif(why_no_onednn() is not None, reason="needs oneDNN")


def images(random, number, channels, *size):
    """Return images with channels innermost."""
    return np.moveaxis(random.normal(size=(number, *size, channels)).astype("f4"), -1, 1)


def laid(images, dtype):
    """Return images of another type that lie as they did."""
    return np.moveaxis(np.moveaxis(images, 1, -1).astype(dtype), -1, 1)


@pytest.fixture
def products(monkeypatch):
    """The shapes of what is multiplied."""
    from netdef.engines.onednn.pixel_products import PixelProducts

    seen, made = [], PixelProducts._multiply

    def spy(engine, a, b, out, adds):
        seen.append((a.shape, b.shape))
        return made(engine, a, b, out, adds)

    monkeypatch.setattr(PixelProducts, "_multiply", spy)
    return seen


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(9,), (9, 8), (5, 4, 7)])
@pytest.mark.parametrize("has_bias", [False, True])
def test_it_adds_the_product_of_the_pixels(products, stride, size, has_bias):
    from netdef.engines.onednn import OneDnnEngine

    random = np.random.default_rng(0)
    window = Window(*((n,) * len(size) for n in (1, stride, 0, 1)))
    x, dy = images(random, 3, 20, *size), images(random, 3, 13, *window.slide(size))
    weight = random.normal(size=(13, 20, *(1,) * len(size))).astype("f4")
    bias = random.normal(size=13).astype("f4") if has_bias else None
    met = x[(..., *(slice(None, None, stride),) * len(size))].astype("f8")
    pixels, errors = (np.moveaxis(a, 1, -1).reshape(-1, a.shape[1]) for a in (met, dy))
    wanted = weight.reshape(13, 20) + errors.T @ pixels
    wanted_bias = bias + errors.sum(0, dtype="f8") if has_bias else None
    engine = OneDnnEngine(np, Scratch(np, aligned(np, 1 << 16)))
    arrays = dict(x=x, dy=dy, add_to=weight, add_bias=bias)
    engine.prepare("conv_grad_weight", arrays, dict(window=window, group=1))()
    assert len(products) == 1 + has_bias
    np.testing.assert_allclose(weight.reshape(13, 20), wanted, rtol=1e-5, atol=1e-5)
    if has_bias:
        np.testing.assert_allclose(bias, wanted_bias, rtol=1e-5, atol=1e-5)


MANY = 180
WINDOWS = {
    "padded": Window((3, 3), (1, 1), (1, 1), (1, 1)),
    "skipping": Window((3, 2), (2, 3), (1, 0), (1, 1)),
    "dilated": Window((2, 2), (1, 1), (1, 2), (2, 3)),
    "not padded": Window((2, 3), (1, 1), (0, 0), (1, 1)),
    "one pixel, padded": Window((1, 1), (1, 1), (1, 1), (1, 1)),
    "of one axis": Window((3,), (1,), (1,), (1,)),
    "of three axes": Window((2, 1, 2), (1, 1, 1), (0, 0, 1), (1, 1, 1)),
}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("group", [1, 2])
@pytest.mark.parametrize("threads", [1, 2])
def test_many_channels_are_products_of_what_each_tap_meets(products, name, group, threads):
    from netdef.engines.onednn import OneDnnEngine

    random, window = np.random.default_rng(0), WINDOWS[name]
    size = (7, 6, 5)[: len(window.kernel)]
    x = images(random, 3, MANY * group, *size)
    dy = images(random, 3, MANY * group, *window.slide(size))
    weight = random.normal(size=(MANY * group, MANY, *window.kernel)).astype("f4")
    arrays = dict(x=x, dy=dy, add_to=weight, add_bias=np.ones(MANY * group, "f4"))
    wanted = {role: a.astype("f8") for role, a in arrays.items()}
    options = dict(window=window, group=group)
    NumpyEngine(np, Scratch(np, aligned(np, 1 << 26))).prepare(
        "conv_grad_weight", wanted, options
    )()
    engine = OneDnnEngine(np, Scratch(np, aligned(np, 1 << 26)))
    engine.threads = Threads(threads)
    engine.prepare("conv_grad_weight", arrays, options)()
    taps = int(np.prod(window.kernel))
    assert len(products) == (taps * group + 1 if taps > 1 else 0)
    for role in ("add_to", "add_bias"):
        np.testing.assert_allclose(arrays[role], wanted[role], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("channels", "kernel", "has_bias", "count"),
    [(32, 1, False, 1), (32, 1, True, 0), (200, 1, True, 2), (200, 3, True, 10)],
)
def test_images_in_bfloat16_are_multiplied_as_such(products, channels, kernel, has_bias, count):
    from ml_dtypes import bfloat16

    from netdef.engines.onednn import OneDnnEngine

    try:
        checked_precision("BF16", "outputs", is_gpu=False)
    except ConfigError as error:
        pytest.skip(str(error))
    random, window = (
        np.random.default_rng(0),
        Window(*((n, n) for n in (kernel, 1, kernel // 2, 1))),
    )
    x, dy = (laid(images(random, 2, channels, 6, 5), bfloat16) for _ in range(2))
    weight = random.normal(size=(channels, channels, kernel, kernel)).astype("f4")
    arrays = dict(x=x, dy=dy, add_to=weight, add_bias=np.ones(channels, "f4") if has_bias else None)
    wanted = {k: None if a is None else a.astype("f8") for k, a in arrays.items()}
    options = dict(window=window, group=1)
    numpy = NumpyEngine(np, Scratch(np, aligned(np, 1 << 26)))
    numpy.prepare("conv_grad_weight", wanted, options)()
    engine = OneDnnEngine(np, Scratch(np, aligned(np, 1 << 26)))
    engine.prepare("conv_grad_weight", arrays, options)()
    assert len(products) == count
    for role in ("add_to", "add_bias")[: 1 + has_bias]:
        np.testing.assert_allclose(arrays[role], wanted[role], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("kernel", "stride", "numbers"), [(1, 1, 0), (1, 2, 200 * 2 * 16)])
def test_memory_is_taken_only_for_what_is_copied(kernel, stride, numbers):
    from netdef.engines.onednn import OneDnnEngine

    window = Window(*((n, n) for n in (kernel, stride, 0, 1)))
    x = fake((2, 200, 8, 8), "float32", (0, 2, 3, 1))
    dy = fake((2, 300, *window.slide((8, 8))), "float32", (0, 2, 3, 1))
    engine = OneDnnEngine()
    arrays = dict(x=x, dy=dy, add_to=fake((300, 200, kernel, kernel), "float32"))
    engine.prepare("conv_grad_weight", arrays, dict(window=window, group=1))
    assert engine.scratch.bytes == 4 * numbers


@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "is_worth_it"),
    [(512, 512, 3, True), (256, 384, 3, True), (128, 256, 3, False), (512, 512, 5, False)],
)
def test_copies_must_be_worth_it(products, inputs, outputs, kernel, is_worth_it):
    from netdef.engines.onednn import OneDnnEngine

    window = Window(*((n, n) for n in (kernel, 1, kernel // 2, 1)))
    x, dy = (fake((2, c, 7, 7), "float32", (0, 2, 3, 1)) for c in (inputs, outputs))
    weight = fake((outputs, inputs, kernel, kernel), "float32")
    options = dict(window=window, group=1)
    OneDnnEngine().prepare("conv_grad_weight", dict(x=x, dy=dy, add_to=weight), options)
    assert bool(products) == is_worth_it


def test_a_tap_that_meets_only_padding_leaves_it_to_onednn(products):
    from netdef.engines.onednn import OneDnnEngine

    random, window = np.random.default_rng(0), Window((3, 1), (1, 1), (1, 0), (1, 1))
    x, dy = images(random, 2, MANY, 1, 4), images(random, 2, MANY, 1, 4)
    weight = np.zeros((MANY, MANY, 3, 1), "f4")
    engine = OneDnnEngine(np, Scratch(np, aligned(np, 1 << 24)))
    options = dict(window=window, group=1)
    engine.prepare("conv_grad_weight", dict(x=x, dy=dy, add_to=weight), options)()
    assert not products
    middle = np.einsum("nchw,ndhw->cd", dy, x)
    np.testing.assert_allclose(weight[:, :, 1, 0], middle, rtol=1e-4, atol=1e-4)
    assert not weight[:, :, [0, 2]].any()


@pytest.mark.parametrize(("kernel", "pad", "group"), [(2, 0, 1), (1, 1, 1), (1, 0, 2)])
def test_no_other_window_is_one_product(products, kernel, pad, group):
    from netdef.engines.onednn import OneDnnEngine

    random = np.random.default_rng(0)
    window = Window(*((n, n) for n in (kernel, 1, pad, 1)))
    x, dy = images(random, 2, 4, 6, 6), images(random, 2, 8, *window.slide((6, 6)))
    weight = np.zeros((8, 4 // group, kernel, kernel), "f4")
    engine = OneDnnEngine(np, Scratch(np, aligned(np, 1 << 20)))
    options = dict(window=window, group=group)
    engine.prepare("conv_grad_weight", dict(x=x, dy=dy, add_to=weight), options)()
    assert not products
    assert weight.any()

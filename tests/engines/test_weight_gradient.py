"""The gradient of the weight of a window of one pixel: one product of matrices."""

import numpy as np
import pytest

from netdef.engines import Scratch, aligned
from netdef.engines.available import why_no_onednn
from netdef.window import Window

pytestmark = pytest.mark.skipif(why_no_onednn() is not None, reason="needs oneDNN")


def images(random, number, channels, *size):
    """Return images with channels innermost."""
    return np.moveaxis(random.normal(size=(number, *size, channels)).astype("f4"), -1, 1)


@pytest.fixture
def products(monkeypatch):
    """Whether each product is that of a transposed matrix."""
    from netdef.engines.onednn import weight_gradient

    seen, made = [], weight_gradient.sgemm

    def spy(*operands, adds, transposed=False):
        seen.append(transposed)
        return made(*operands, adds=adds, transposed=transposed)

    monkeypatch.setattr(weight_gradient, "sgemm", spy)
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
    assert products == [True, False][: 1 + has_bias]
    np.testing.assert_allclose(weight.reshape(13, 20), wanted, rtol=1e-5, atol=1e-5)
    if has_bias:
        np.testing.assert_allclose(bias, wanted_bias, rtol=1e-5, atol=1e-5)


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

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Im2col = LAYERS["Im2col"]
Convolution = LAYERS["Convolution"]


@pytest.mark.parametrize(
    ("fields", "shape", "top"),
    [
        (dict(kernel_size=(3,), stride=(2,), pad=(1,)), (2, 3, 5, 4), (2, 27, 3, 2)),
        (dict(kernel_h=1, kernel_w=2, stride_h=2, stride_w=1, pad_w=1), (2, 2, 4, 3), (2, 4, 2, 4)),
        (dict(kernel_size=(2,), dilation=(2, 1)), (1, 2, 4, 3), (1, 8, 2, 2)),
        (dict(kernel_size=(2,), force_nd_im2col=True), (2, 2, 4), (2, 4, 3)),
        (dict(kernel_size=(2, 1, 2)), (1, 2, 3, 2, 3), (1, 8, 2, 2, 2)),
        (dict(kernel_size=(2,), axis=2), (2, 2, 1, 3, 3), (2, 2, 4, 2, 2)),
        (dict(kernel_size=(2,), axis=-3), (2, 2, 3, 3), (2, 8, 2, 2)),
    ],
)
def test_shapes_and_gradient(fields, shape, top):
    layer = Im2col(**fields)
    assert layer.infer(Shape(shape)).tops == [top]
    check_gradient(layer, shape)


def test_forward_agrees_with_a_loop():
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 5))
    layer = Im2col(kernel_size=(3, 2), stride=(2, 1), pad=(1, 0), dilation=(1, 2))
    y = Trial.on(layer, x).forward()[0]
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    for n, row, i, j in np.ndindex(y.shape):
        c, a, b = np.unravel_index(row, (3, 3, 2))
        assert y[n, row, i, j] == padded[n, c, 2 * i + a, j + 2 * b]


def test_a_product_makes_it_a_convolution():
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((4, 3, 3, 3))
    window = dict(kernel_size=(3,), pad=(1,))
    columns = Trial.on(Im2col(**window), x).forward()[0]
    y = Trial.on(Convolution(num_output=4, **window), x, weight=weight).forward()[0]
    product = np.einsum("oc,nchw->nohw", weight.reshape(4, -1), columns)
    np.testing.assert_allclose(product, y, atol=1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "convolution_param must set kernel_size, or kernel_h and kernel_w"),
        ("kernel_size: 0", "the kernel, its stride and dilation must be at least 1 pixel"),
        (
            "kernel_size: 1 axis: 3",
            "a bottom of shape (2, 3, 5, 5) has no spatial axes after axis 3",
        ),
        ("kernel_size: 6", "a kernel of (6, 6) pixels is larger than the padded image (5, 5)"),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Im2col" top: "y" convolution_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3, 5, 5)) == f"(Im2col): {message}"

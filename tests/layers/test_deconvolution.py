import numpy as np
import pytest

from netdef.eager import Trial
from netdef.fillers import fill
from netdef.layer import LAYERS, Filler
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal, refusal

Deconvolution = LAYERS["Deconvolution"]


@pytest.mark.parametrize(
    ("fields", "shape", "top", "weight"),
    [
        (dict(kernel_size=(3,)), (2, 3, 4, 2), (2, 4, 6, 4), (3, 4, 3, 3)),
        (dict(kernel_size=(4,), stride=(2,), pad=(1,)), (1, 2, 3, 2), (1, 4, 6, 4), (2, 4, 4, 4)),
        (
            dict(kernel_h=1, kernel_w=3, stride_h=2, stride_w=1, pad_h=0, pad_w=1),
            (1, 2, 3, 2),
            (1, 4, 5, 2),
            (2, 4, 1, 3),
        ),
        (
            dict(kernel_size=(2,), dilation=(2,), group=2, bias_term=False),
            (1, 4, 3, 2),
            (1, 4, 5, 4),
            (4, 2, 2, 2),
        ),
        (dict(kernel_size=(3,), group=4), (1, 4, 2, 2), (1, 4, 4, 4), (4, 1, 3, 3)),
        (dict(kernel_size=(3,), stride=(2,)), (2, 2, 3), (2, 4, 7), (2, 4, 3)),
        (dict(kernel_size=(2,), force_nd_im2col=True), (1, 2, 2, 1, 2), (1, 4, 3, 2, 3), None),
        (dict(kernel_size=(1,)), (2, 3, 2, 2), (2, 4, 2, 2), (3, 4, 1, 1)),
        (dict(kernel_size=(2,), axis=2), (2, 2, 2, 2, 2), (2, 2, 4, 3, 3), (2, 4, 2, 2)),
    ],
)
def test_shapes_and_gradient(fields, shape, top, weight):
    layer = Deconvolution(num_output=4, **fields)
    signature = layer.infer(Shape(shape))
    assert signature.tops == [top]
    bias = [(4,)] if layer.bias_term else []
    kernel = weight or (2, 4, 2, 2, 2)
    assert [w.shape for w in signature.weights] == [kernel, *bias]
    check_gradient(layer, shape)


@pytest.mark.parametrize("group", [1, 2])
def test_forward_agrees_with_a_loop(group):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 4, 3, 2)), rng.standard_normal((4, 6 // group, 3, 2))
    bias = rng.standard_normal(6)
    layer = Deconvolution(
        num_output=6, kernel_size=(3, 2), stride=(2,), pad=(1, 0), dilation=(1, 2), group=group
    )
    y = Trial.on(layer, x, weight=weight, bias=bias).forward()[0]
    padded = np.zeros((2, 6, 7, 5))
    for n, c, i, j in np.ndindex(x.shape):
        first = 6 // group * (c // (4 // group))
        outputs = slice(first, first + 6 // group)
        padded[n, outputs, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3 : 2] += x[n, c, i, j] * weight[c]
    np.testing.assert_allclose(y, padded[:, :, 1:-1] + bias.reshape(-1, 1, 1), atol=1e-12)


@pytest.mark.parametrize("axes", [1, 3])
def test_one_and_three_spatial_axes_agree_with_a_loop(axes):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 2, *(2,) * axes)), rng.standard_normal((2, 3, *(3,) * axes))
    layer = Deconvolution(num_output=3, kernel_size=(3,), stride=(2,), bias_term=False)
    y = Trial.on(layer, x, weight=weight).forward()[0]
    want = np.zeros((2, 3, *(5,) * axes))
    for n, c, *at in np.ndindex(x.shape):
        want[(n, slice(None), *(slice(2 * i, 2 * i + 3) for i in at))] += x[(n, c, *at)] * weight[c]
    np.testing.assert_allclose(y, want, atol=1e-12)


def test_bilinear_filters_keep_a_slope():
    """A ramp stays a ramp, half as steep, but for the rim, where pixels of the image end."""
    layer = Deconvolution(
        num_output=2, group=2, kernel_size=(4,), stride=(2,), pad=(1,), bias_term=False
    )
    weight = np.empty((2, 1, 4, 4))
    fill(weight, Filler(type="bilinear"), np.random.default_rng(0))
    rows, columns = np.mgrid[:5, :6]
    x = np.stack([rows, columns]).astype(float)[None]
    y = Trial.on(layer, x, weight=weight).forward()[0]
    assert y.shape == (1, 2, 10, 12)
    rows, columns = np.mgrid[:10, :12] / 2 - 0.25
    want = np.stack([rows, columns])
    np.testing.assert_allclose(y[0, :, 1:-1, 1:-1], want[:, 1:-1, 1:-1], atol=1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("kernel_size: 1", "convolution_param must set num_output"),
        ("num_output: 0 kernel_size: 1", "num_output must be at least 1, got 0"),
        ("num_output: 4 kernel_size: 1 group: 0", "group must be at least 1, got 0"),
        ("num_output: 4", "convolution_param must set kernel_size, or kernel_h and kernel_w"),
        (
            "num_output: 4 kernel_size: 1 group: 2",
            "3 channels do not divide into 2 groups; set group to 1",
        ),
        (
            "num_output: 4 kernel_size: 1 stride: 0",
            "the kernel, its stride and dilation must be at least 1 pixel",
        ),
        (
            "num_output: 4 kernel_size: 1 pad: 3",
            "pad (3, 3) leaves nothing of the image: it would be (-1, -1)",
        ),
        (
            "num_output: 4 kernel_size: 1 axis: 3",
            "a bottom of shape (2, 3, 5, 5) has no spatial axes after axis 3",
        ),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Deconvolution" top: "y" convolution_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3, 5, 5)) == f"(Deconvolution): {message}"


def test_each_bottom_makes_a_top():
    text = (
        'layer { name: "in" type: "Input" top: "a" top: "b" input_param { shape { dim: 1 dim: 2\n'
        'dim: 3 dim: 3 } } } layer { name: "d" type: "Deconvolution" bottom: "a" bottom: "b"\n'
        'top: "y" convolution_param { num_output: 1 kernel_size: 1 } }'
    )
    message = "makes one top of each bottom, got 2 bottoms and 1 tops"
    assert refusal(text) == f"net.prototxt:2: layer 'd' (Deconvolution): {message}"

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Convolution = LAYERS["Convolution"]


def ones(axes):
    return dict(kernel_size=(1,) * axes)


@pytest.mark.parametrize(
    ("fields", "shape", "top", "weight"),
    [
        (dict(kernel_size=(3,)), (2, 3, 6, 5), (2, 4, 4, 3), (4, 3, 3, 3)),
        (
            dict(kernel_size=(3, 2), stride=(2, 1), pad=(1, 0)),
            (2, 2, 6, 5),
            (2, 4, 3, 4),
            (4, 2, 3, 2),
        ),
        (
            dict(kernel_size=(2,), dilation=(2,), group=2, bias_term=False),
            (1, 4, 5, 5),
            (1, 4, 3, 3),
            (4, 2, 2, 2),
        ),
        (dict(kernel_size=(3,), pad=(1,), stride=(3,)), (1, 1, 7), (1, 4, 3), (4, 1, 3)),
        (dict(kernel_size=(2,)), (1, 2, 3, 3, 2), (1, 4, 2, 2, 1), (4, 2, 2, 2, 2)),
        (dict(kernel_size=(3,), pad=(1,), group=4), (2, 4, 4, 4), (2, 4, 4, 4), (4, 1, 3, 3)),
        (dict(kernel_h=1, kernel_w=3, pad_w=1), (1, 2, 3, 4), (1, 4, 3, 4), (4, 2, 1, 3)),
        (
            dict(kernel_size=(1,), stride_h=2, stride_w=1),
            (1, 2, 3, 4),
            (1, 4, 2, 4),
            (4, 2, 1, 1),
        ),
        (dict(kernel_size=(1,)), (2, 3, 2, 2), (2, 4, 2, 2), (4, 3, 1, 1)),
        (dict(kernel_size=(2,), axis=2), (2, 3, 2, 3, 3), (2, 3, 4, 2, 2), (4, 2, 2, 2)),
        (dict(kernel_size=(2,), axis=-3), (2, 2, 3, 3), (2, 4, 2, 2), (4, 2, 2, 2)),
    ],
)
def test_shapes_and_gradient(fields, shape, top, weight):
    layer = Convolution(num_output=4, **fields)
    signature = layer.infer(Shape(shape))
    assert signature.tops == [top]
    bias = [(4,)] if layer.bias_term else []
    assert [w.shape for w in signature.weights] == [weight, *bias]
    check_gradient(layer, shape)


@pytest.mark.parametrize("group", [1, 2])
def test_forward_agrees_with_a_loop(group):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 4, 7, 6)), rng.standard_normal((6, 4 // group, 3, 2))
    bias = rng.standard_normal(6)
    layer = Convolution(
        num_output=6, kernel_size=(3, 2), stride=(2,), pad=(1,), dilation=(1, 2), group=group
    )
    y = Trial.on(layer, x, weight=weight, bias=bias).forward()[0]
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    for n, o, i, j in np.ndindex(y.shape):
        c = 4 // group * (o // (6 // group))
        patch = padded[n, c : c + 4 // group, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3 : 2]
        assert y[n, o, i, j] == pytest.approx((patch * weight[o]).sum() + bias[o])


def test_one_and_three_spatial_axes_agree_with_a_loop():
    rng = np.random.default_rng(0)
    for axes in (1, 3):
        x, weight = (
            rng.standard_normal((2, 2, *(4,) * axes)),
            rng.standard_normal((3, 2, *[2] * axes)),
        )
        y = Trial.on(Convolution(num_output=3, kernel_size=(2,)), x, weight=weight).forward()[0]
        for n, o, *at in np.ndindex(y.shape):
            patch = x[(n, slice(None), *(slice(i, i + 2) for i in at))]
            assert y[(n, o, *at)] == pytest.approx((patch * weight[o]).sum())


def test_depthwise_is_a_convolution_of_each_channel():
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((3, 1, 3, 3))
    deep = Convolution(num_output=3, kernel_size=(3,), pad=(1,), group=3)
    flat = Convolution(num_output=1, kernel_size=(3,), pad=(1,))
    y = Trial.on(deep, x, weight=weight, bias=[1, 2, 3]).forward()[0]
    for c in range(3):
        one = Trial.on(flat, x[:, c : c + 1], weight=weight[c : c + 1], bias=[c + 1]).forward()[0]
        np.testing.assert_allclose(y[:, c : c + 1], one, atol=1e-12)


def test_axes_before_the_channels_number_images():
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 3, 2, 4, 4)), rng.standard_normal((4, 2, 3, 3))
    nested = Convolution(num_output=4, kernel_size=(3,), axis=2)
    plain = Convolution(num_output=4, kernel_size=(3,))
    y = Trial.on(nested, x, weight=weight).forward()[0]
    flat = Trial.on(plain, x.reshape(6, 2, 4, 4), weight=weight).forward()[0]
    np.testing.assert_array_equal(y.reshape(flat.shape), flat)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("kernel_size: 1", "convolution_param must set num_output"),
        ("num_output: 0 kernel_size: 1", "num_output must be at least 1, got 0"),
        ("num_output: 4 kernel_size: 1 group: 0", "group must be at least 1, got 0"),
        (
            "num_output: 4",
            "convolution_param must set kernel_size, or kernel_h and kernel_w",
        ),
        (
            "num_output: 4 kernel_size: 1 group: 2",
            "3 channels do not divide into 2 groups; set group to 1",
        ),
        (
            "num_output: 4 kernel_size: 1 group: 3",
            "4 outputs do not divide into 3 groups; set group to 1",
        ),
        (
            "num_output: 6 kernel_size: 1 group: 2",
            "3 channels do not divide into 2 groups; set group to 1 or 3",
        ),
        (
            "num_output: 4 kernel_size: 9",
            "a kernel of (9, 9) pixels is larger than the padded image (5, 5)",
        ),
        (
            "num_output: 4 kernel_size: 3 dilation: 4 pad: 1",
            "a kernel of (9, 9) pixels is larger than the padded image (7, 7)",
        ),
        (
            "num_output: 4 kernel_size: 1 kernel_size: 1 kernel_size: 1",
            "kernel_size has 3 values for 2 spatial axes; give 1 or 2",
        ),
        (
            "num_output: 4 kernel_size: 1 stride: 1 stride: 1 stride: 1",
            "stride has 3 values for 2 spatial axes; give 1 or 2",
        ),
        (
            "num_output: 4 kernel_size: 1 kernel_h: 1 kernel_w: 1",
            "give kernel_size or kernel_h and kernel_w, not both",
        ),
        (
            "num_output: 4 kernel_size: 1 pad: 1 pad_h: 1",
            "give pad or pad_h and pad_w, not both",
        ),
        (
            "num_output: 4 kernel_size: 0",
            "the kernel, its stride and dilation must be at least 1 pixel",
        ),
        (
            "num_output: 4 kernel_size: 1 stride: 0",
            "the kernel, its stride and dilation must be at least 1 pixel",
        ),
        (
            "num_output: 4 kernel_h: 2",
            "the kernel, its stride and dilation must be at least 1 pixel",
        ),
        (
            "num_output: 4 kernel_size: 1 dilation: 0",
            "the kernel, its stride and dilation must be at least 1 pixel",
        ),
        (
            "num_output: 4 kernel_size: 1 axis: 3",
            "a bottom of shape (2, 3, 5, 5) has no spatial axes after axis 3",
        ),
        (
            "num_output: 4 kernel_size: 1 axis: 4",
            "a bottom of shape (2, 3, 5, 5) has no spatial axes after axis 4",
        ),
        (
            "num_output: 4 kernel_size: 1 axis: 5",
            "axis 5 is not one of the 4 axes of (2, 3, 5, 5)",
        ),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Convolution" top: "y" convolution_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3, 5, 5)) == f"(Convolution): {message}"


def test_kernel_h_is_for_images():
    layer = (
        'type: "Convolution" top: "y" convolution_param { num_output: 1 kernel_h: 1 kernel_w: 1 }'
    )
    assert layer_refusal(layer, (2, 3, 5)) == (
        "(Convolution): kernel_h and kernel_w are for 2 spatial axes, not 1"
    )


def test_several_bottoms_share_the_weights():
    layer = (
        'type: "Convolution" top: "y" top: "z" convolution_param { num_output: 1 kernel_size: 1 }'
    )
    assert layer_refusal(layer, (2, 3, 5, 5), (2, 4, 5, 5)) == (
        "(Convolution): its bottoms (2, 3, 5, 5), (2, 4, 5, 5) cannot share weights"
    )
    assert layer_refusal(layer, (2, 3, 5, 5)) == (
        "(Convolution): makes one top of each bottom, got 1 bottoms and 2 tops"
    )


def test_no_bottom():
    layer = 'type: "Convolution" convolution_param { num_output: 1 kernel_size: 1 }'
    assert layer_refusal(layer) == "(Convolution): takes 1 bottoms, got 0"

from itertools import product

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Pooling = LAYERS["Pooling"]

CASES = [
    (dict(kernel_size=2, stride=2), (2, 3, 4, 6), (2, 3)),
    (dict(kernel_size=2, stride=2), (2, 3, 5, 4), (3, 2)),
    (dict(kernel_size=2, stride=2, round_mode="FLOOR"), (2, 3, 5, 4), (2, 2)),
    (dict(kernel_size=3, stride=2, pad=1), (1, 2, 5, 6), (3, 4)),
    (dict(kernel_size=3, stride=2, pad=1, round_mode="FLOOR"), (1, 2, 6, 6), (3, 3)),
    # A last window that would begin in the padding behind the image is left out.
    (dict(kernel_size=2, stride=2, pad=1), (1, 2, 3, 3), (2, 2)),
    (dict(kernel_size=3, stride=3, pad=2), (1, 1, 5, 4), (3, 2)),
    (dict(kernel_h=1, kernel_w=3, stride_h=1, stride_w=2, pad_w=1), (1, 2, 3, 5), (3, 3)),
    (dict(kernel_size=1, stride=2), (1, 2, 3, 5), (2, 3)),
    (dict(global_pooling=True), (2, 2, 3, 4), (1, 1)),
    (dict(kernel_size=3, stride=2), (2, 2, 6), (3,)),
    (dict(kernel_size=2, stride=1), (1, 2, 3, 2, 3), (2, 1, 2)),
    (dict(kernel_size=17), (1, 1, 18, 18), (2, 2)),
]


def loop(x, window, places, pool):
    """Pool one window after the other, as Caffe's formula has it; returns tops and masks."""
    y, mask = np.empty((*x.shape[:2], *places)), np.empty((*x.shape[:2], *places))
    image = x.shape[2:]
    for n, c, *at in np.ndindex(y.shape):
        starts = [i * s - p for i, s, p in zip(at, window.stride, window.pad, strict=True)]
        sizes = list(zip(starts, window.kernel, window.pad, image, strict=True))
        area = np.prod([min(a + k, size + p) - a for a, k, p, size in sizes])
        inside = [range(max(a, 0), min(a + k, size)) for a, k, _, size in sizes]
        pixels = [(x[(n, c, *place)], place) for place in product(*inside)]
        best = max(pixels, key=lambda pixel: pixel[0])
        mean = sum(value for value, _ in pixels) / area
        y[(n, c, *at)] = best[0] if pool == "MAX" else mean
        mask[(n, c, *at)] = np.ravel_multi_index(best[1], image)
    return y, mask


@pytest.mark.parametrize(("fields", "shape", "places"), CASES)
@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_shapes_forward_and_gradient(fields, shape, places, pool):
    layer = Pooling(pool=pool, **fields)
    assert layer.infer(Shape(shape), ("y",)).tops == [(*shape[:2], *places)]
    x = np.random.default_rng(1).standard_normal(shape)
    tops = Trial.on(layer, x, tops=2 if pool == "MAX" else 1).forward()
    y, mask = loop(x, layer.window(shape[2:]), places, pool)
    np.testing.assert_allclose(tops[0], y, rtol=1e-12, atol=1e-12)
    if pool == "MAX":
        np.testing.assert_array_equal(tops[1], mask)
    if x.size < 200:
        check_gradient(layer, shape)


def test_mean_of_a_window_over_the_edge_divides_by_its_part_in_the_padded_image():
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    y = Trial.on(Pooling(pool="AVE", kernel_size=2, stride=2), x).forward()[0]
    assert y.tolist() == [[[[2, 3.5], [6.5, 8]]]]
    y = Trial.on(Pooling(pool="AVE", kernel_size=3, stride=2, pad=1), x).forward()[0]
    assert y.tolist() == [[[[8 / 9, 12 / 9], [20 / 9, 24 / 9]]]]


def test_first_of_equal_pixels_counts():
    x = np.array([[[[1.0, 5, 5], [5, 0, 5]]]])
    trial = Trial.on(Pooling(kernel_size=2, stride=1), x, tops=2)
    assert trial.forward()[1].tolist() == [[[[1, 1]]]]
    dx = np.full(x.shape, np.nan)
    trial.backward([np.array([[[[1.0, 2.0]]]]), None], [dx])
    assert dx.tolist() == [[[[0, 3, 0], [0, 0, 0]]]]


def test_large_kernels_count_places_past_a_byte():
    index = Pooling(kernel_size=17).infer(Shape((1, 1, 18, 18)), ("y",)).saved[0]
    assert index.dtype == "int32"
    assert Pooling(kernel_size=16).infer(Shape((1, 1, 18, 18)), ("y",)).saved[0].dtype == "uint8"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "pooling_param must set kernel_size, or kernel_h and kernel_w"),
        ("kernel_size: 0", "pooling_param must set kernel_size, or kernel_h and kernel_w"),
        ("kernel_h: 2", "pooling_param must set kernel_size, or kernel_h and kernel_w"),
        (
            "kernel_size: 2 kernel_h: 2 kernel_w: 2",
            "give kernel_size or kernel_h and kernel_w, not both",
        ),
        ("kernel_size: 2 stride: 0", "stride must be at least 1"),
        ("kernel_size: 2 pad: 2", "pad (2, 2) must be smaller than the kernel (2, 2)"),
        (
            "kernel_h: 3 kernel_w: 1 pad_h: 1 pad_w: 1",
            "pad (1, 1) must be smaller than the kernel (3, 1)",
        ),
        (
            "kernel_size: 9",
            "a kernel of (9, 9) pixels is larger than the padded image (5, 5)",
        ),
        (
            "global_pooling: true kernel_size: 5",
            "global_pooling takes the whole image; remove the kernel",
        ),
        ("global_pooling: true pad: 1", "global_pooling takes no pad, and only stride 1"),
        ("global_pooling: true stride: 2", "global_pooling takes no pad, and only stride 1"),
        (
            "kernel_size: 2 pad: 1 pool: STOCHASTIC",
            "pool: STOCHASTIC takes no pad; use MAX or AVE",
        ),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "Pooling" top: "y" pooling_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3, 5, 5)) == f"(Pooling): {message}"


def test_mean_has_no_mask():
    layer = 'type: "Pooling" top: "y" top: "mask" pooling_param { pool: AVE kernel_size: 2 }'
    assert layer_refusal(layer, (2, 3, 5, 5)) == (
        "(Pooling): only pool: MAX makes a mask, not AVE; remove the second top"
    )


def test_kernel_h_is_for_images():
    layer = 'type: "Pooling" top: "y" pooling_param { kernel_h: 2 kernel_w: 2 }'
    assert layer_refusal(layer, (2, 3, 5)) == (
        "(Pooling): kernel_h and kernel_w are for 2 spatial axes, not 1"
    )


def test_no_image():
    layer = 'type: "Pooling" top: "y" pooling_param { kernel_size: 2 }'
    assert layer_refusal(layer, (3,)) == "(Pooling): axis 2 is not one of the 1 axes of (3,)"
    assert layer_refusal(layer, (2, 3)) == (
        "(Pooling): a bottom of shape (2, 3) has no spatial axes after axis 1"
    )


STOCHASTIC = [
    (dict(kernel_size=2, stride=2), (2, 3, 4, 6)),
    (dict(kernel_size=3, stride=2), (2, 2, 6, 5)),
    (dict(kernel_size=2, stride=3, round_mode="FLOOR"), (1, 2, 8, 8)),
    (dict(global_pooling=True), (2, 2, 3, 4)),
    (dict(kernel_size=3, stride=2), (2, 2, 6)),
    (dict(kernel_size=2, stride=1), (1, 2, 3, 2, 3)),
    (dict(kernel_size=17, stride=1), (1, 1, 18, 18)),
]


def pixels(x, window, n, c, at):
    places = [
        range(i * s, min(i * s + k, size))
        for i, s, k, size in zip(at, window.stride, window.kernel, x.shape[2:], strict=True)
    ]
    return np.array([x[(n, c, *place)] for place in product(*places)])


@pytest.mark.parametrize(("fields", "shape"), STOCHASTIC)
def test_stochastic_pooling_draws_in_training(fields, shape):
    layer = Pooling(pool="STOCHASTIC", **fields)
    x = np.random.default_rng(1).uniform(0, 2, shape)
    trial = Trial.on(layer, x)
    y, chance = trial.forward()[0], trial.saved["chance"]
    for n, c, *at in np.ndindex(y.shape):
        inside = pixels(x, layer.window(shape[2:]), n, c, at)
        sums = np.cumsum(inside)
        first = np.argmax(sums >= chance[(n, c, *at)] * sums[-1])
        assert y[(n, c, *at)] == inside[first]
    if x.size < 200:
        check_gradient(layer, shape, bottoms=[x])


def test_stochastic_pooling_draws_in_proportion():
    x = np.tile(np.array([[0.0, 1], [2, 5]]), (100, 100))[None, None]
    y = Trial.on(Pooling(pool="STOCHASTIC", kernel_size=2, stride=2), x).forward()[0]
    found = [float((y == value).mean()) for value in (0, 1, 2, 5)]
    np.testing.assert_allclose(found, [0, 1 / 8, 2 / 8, 5 / 8], atol=0.02)


@pytest.mark.parametrize(("fields", "shape"), STOCHASTIC)
def test_stochastic_pooling_weighs_in_a_test(fields, shape):
    layer = Pooling(pool="STOCHASTIC", training=False, **fields)
    x = np.random.default_rng(1).uniform(0.2, 2, shape)
    y = Trial.on(layer, x).forward()[0]
    for n, c, *at in np.ndindex(y.shape):
        inside = pixels(x, layer.window(shape[2:]), n, c, at)
        assert y[(n, c, *at)] == pytest.approx((inside**2).sum() / inside.sum())
    if x.size < 200:
        check_gradient(layer, shape, bottoms=[x])


@pytest.mark.parametrize("training", [True, False])
def test_stochastic_pooling_of_zeros(training):
    layer = Pooling(pool="STOCHASTIC", kernel_size=2, stride=2, training=training)
    trial = Trial.on(layer, np.zeros((1, 1, 3, 3)))
    assert not trial.forward()[0].any()
    dx = np.full((1, 1, 3, 3), np.nan)
    trial.backward([np.ones((1, 1, 2, 2))], [dx])
    first = [[[[1, 0, 1], [0, 0, 0], [1, 0, 1]]]]
    assert dx.tolist() == (first if training else np.zeros((1, 1, 3, 3)).tolist())

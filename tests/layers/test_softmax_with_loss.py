import numpy as np
import pytest

import netdef
from netdef.eager import Trial
from netdef.errors import DataError
from netdef.graph import build
from netdef.layer import LAYERS
from netdef.prototxt import parse_net
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

SoftmaxWithLoss = LAYERS["SoftmaxWithLoss"]
NORMALIZATIONS = ["FULL", "VALID", "BATCH_SIZE", "NONE"]


def loss_by_hand(x, label, axis, ignore, normalization):
    """Sum -log p(label) one place after the other; axes before ``axis`` are the batch."""
    p = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
    p = np.moveaxis(p, axis, -1).reshape(-1, x.shape[axis])
    label = label.astype(int).reshape(-1)
    each = [-np.log(p[i, c]) for i, c in enumerate(label) if c != ignore]
    outer = int(np.prod(x.shape[: axis % x.ndim]))
    divisor = {"FULL": label.size, "VALID": len(each), "BATCH_SIZE": outer, "NONE": 1}
    return sum(each) / max(divisor[normalization], 1)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("ignore", [None, 1, -7])
@pytest.mark.parametrize(
    ("shape", "axis"), [((4, 3), 1), ((2, 3, 2, 2), 1), ((2, 2, 3), -1), ((3, 4), 0)]
)
def test_loss_and_gradient(shape, axis, ignore, normalization):
    layer = SoftmaxWithLoss(axis=axis, ignore_label=ignore, normalization=normalization)
    rng = np.random.default_rng(3)
    x = rng.standard_normal(shape)
    places = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    label = rng.integers(0, 3, places).astype("f8")
    if ignore == -7:
        label.flat[0] = -7
    signature = layer.infer(Shape(shape), Shape(places), ("loss", "prob"))
    assert signature.tops == [(), shape]
    loss, prob = Trial.on(layer, x, label, tops=2).forward()
    assert loss == pytest.approx(loss_by_hand(x, label, axis, ignore, normalization))
    np.testing.assert_allclose(prob, np.exp(x) / np.exp(x).sum(axis, keepdims=True))
    check_gradient(layer, shape, tuple(places), bottoms=[x, label])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_batch_without_labels_has_no_loss_and_no_gradient(normalization):
    layer = SoftmaxWithLoss(ignore_label=255, normalization=normalization)
    trial = Trial.on(layer, np.ones((2, 3)), [255, 255])
    assert trial.forward()[0] == 0
    dx = np.ones((2, 3))
    trial.backward([np.array(1.0)], [dx, None])
    assert not dx.any()


def test_impossible_label_has_a_finite_loss():
    loss = Trial.on(SoftmaxWithLoss(), np.array([[0.0, -1e4]], "f4"), [1]).forward()[0]
    assert loss == pytest.approx(-np.log(np.finfo("f4").tiny))


def test_labels_keep_caffes_four_axes():
    layer = SoftmaxWithLoss()
    assert layer.infer(Shape((4, 3)), Shape((4, 1, 1, 1)), ("loss",)).tops == [()]


@pytest.mark.parametrize(
    ("fields", "normalization"),
    [
        ("", "VALID"),
        ("normalize: true", "VALID"),
        ("normalize: false", "BATCH_SIZE"),
        ("normalize: false normalization: FULL", "FULL"),
    ],
)
def test_old_normalize_stands_for_a_normalization(fields, normalization):
    text = f"""
      layer {{ name: "in" type: "Input" top: "x" top: "label"
        input_param {{ shape {{ dim: 2 }} }} }}
      layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "label" top: "loss"
        loss_param {{ {fields} }} }}"""
    assert build(parse_net(text, "net.prototxt"), 0).nodes[1].layer.normalization == normalization


@pytest.mark.parametrize(("label", "item"), [([0, 3, 1], 1), ([-1, 0, 0], 0), ([0, 1, 99], 2)])
def test_label_of_no_class(label, item):
    trial = Trial.on(SoftmaxWithLoss(), np.zeros((3, 3)), label)
    with pytest.raises(DataError) as caught:
        trial.forward()
    assert str(caught.value) == (
        f"label {label[item]} (item {item} of the batch) is outside the 3 classes 0 to 2;"
        " correct the label, or the number of outputs below"
    )


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        (
            "",
            [(2, 3, 4), (2,)],
            "scores of shape (2, 3, 4) with classes along axis 1 need 8 labels, as (2, 4), but the"
            " labels have the shape (2,)",
        ),
        (
            "softmax_param { axis: -1 }",
            [(2, 3), (3,)],
            "scores of shape (2, 3) with classes along axis 1 need 2 labels, as (2,), but the"
            " labels have the shape (3,)",
        ),
        (
            "softmax_param { axis: 2 }",
            [(2, 3), (2,)],
            "axis 2 is not one of the 2 axes of (2, 3)",
        ),
        ("", [(2, 3)], "takes 2 bottoms, got 1"),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "SoftmaxWithLoss" top: "loss" {fields}'
    assert layer_refusal(layer, *shapes) == f"(SoftmaxWithLoss): {message}"


def soft_loss_by_hand(x, label, axis, ignore, normalization, smoothing, weight):
    p = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
    p = np.moveaxis(p, axis, -1).reshape(-1, x.shape[axis])
    total, counted, outer = 0.0, 0.0, int(np.prod(x.shape[: axis % x.ndim]))
    for i, own in enumerate(label.astype(int).flat):
        if own != ignore:
            counted += weight[own]
            for c, w in enumerate(weight):
                part = (1 - smoothing) * (c == own) + smoothing / len(weight)
                total -= w * part * np.log(p[i, c])
    divisor = {"FULL": label.size, "VALID": counted, "BATCH_SIZE": outer, "NONE": 1}
    return total / divisor[normalization]


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("ignore", [None, 255])
@pytest.mark.parametrize("weight", [(), (0.5, 0.1, 2)])
@pytest.mark.parametrize("smoothing", [0.25, 0])
@pytest.mark.parametrize(("shape", "axis"), [((4, 3), 1), ((2, 3, 2, 2), 1), ((2, 2, 3), -1)])
def test_smooth_labels_and_weights(shape, axis, smoothing, weight, ignore, normalization):
    layer = SoftmaxWithLoss(
        axis=axis,
        ignore_label=ignore,
        normalization=normalization,
        label_smoothing=smoothing,
        class_weight=weight,
    )
    rng = np.random.default_rng(3)
    x = rng.standard_normal(shape)
    places = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    label = rng.integers(0, 3, places).astype("f8")
    if ignore:
        label.flat[0] = ignore
    rest = (axis, ignore, normalization, smoothing, weight or (1, 1, 1))
    loss = Trial.on(layer, x, label).forward()[0]
    assert loss == pytest.approx(soft_loss_by_hand(x, label, *rest), rel=1e-6)
    for tops in (1, 2):
        check_gradient(layer, shape, tuple(places), tops=tops, bottoms=[x, label])


def test_loss_weight_of_the_probabilities_counts():
    x, label = np.random.default_rng(3).standard_normal((4, 3)), [0, 2, 1, 1]
    check_gradient(SoftmaxWithLoss(), (4, 3), (4,), tops=2, bottoms=[x, label])


def test_all_labels_ignored_with_weights_have_no_loss():
    layer = SoftmaxWithLoss(ignore_label=255, class_weight=(0.1, 0.2, 0.3))
    assert Trial.on(layer, np.ones((2, 3)), [255, 255]).forward()[0] == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("label_smoothing: 1.5", "label_smoothing must be at most 1, got 1.5"),
        ("class_weight: [1, -1, 1]", "class_weight must be at least 0, got -1"),
        ("class_weight: [1, 2]", "class_weight has 2 values for 3 classes; give one each"),
    ],
)
def test_what_is_refused_beyond_caffe(fields, message):
    layer = f'type: "SoftmaxWithLoss" top: "loss" softmax_loss_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3), (2,)) == f"(SoftmaxWithLoss): {message}"


@pytest.mark.parametrize("keep", ["blobs", "outputs"])
def test_weights_last_in_a_net(keep):
    text = """
      layer { name: "in" type: "Input" top: "x" top: "label"
        input_param { shape { dim: 4 dim: 3 } shape { dim: 4 } } }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "label" top: "loss"
        softmax_loss_param { class_weight: [0.5, 1, 2] label_smoothing: 0.1 } }"""
    netdef.set_mode_cpu()
    net = netdef.Net(
        parse_net("force_backward: true" + text, "net.prototxt"), netdef.TRAIN, keep=keep
    )
    x, label = np.random.default_rng(3).standard_normal((4, 3)), np.array([0, 1, 2, 2])
    want = soft_loss_by_hand(x, label, 1, None, "VALID", 0.1, (0.5, 1, 2))
    for _ in range(3):
        assert net.forward(x=x, label=label)["loss"] == pytest.approx(want, rel=1e-5)
        net.backward()

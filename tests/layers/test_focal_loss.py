import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

FocalLoss = LAYERS["FocalLoss"]
RNG = np.random.default_rng(7)


def loss_by_hand(x, label, axis, alpha, gamma, ignore, normalization):
    p = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
    p = np.moveaxis(p, axis, -1).reshape(-1, x.shape[axis])
    each = [
        -alpha * (1 - p[i, int(c)]) ** gamma * np.log(p[i, int(c)])
        for i, c in enumerate(label.flat)
        if c != ignore
    ]
    outer = int(np.prod(x.shape[: axis % x.ndim]))
    divisor = {"FULL": label.size, "VALID": len(each), "BATCH_SIZE": outer, "NONE": 1}
    return sum(each) / max(divisor[normalization], 1)


@pytest.mark.parametrize("normalization", ["FULL", "VALID", "BATCH_SIZE", "NONE"])
@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2, 3.5])
@pytest.mark.parametrize("ignore", [None, 255])
@pytest.mark.parametrize(("shape", "axis"), [((4, 3), 1), ((2, 3, 2, 2), 1), ((2, 2, 3), -1)])
def test_by_hand_and_gradient(shape, axis, ignore, gamma, normalization):
    layer = FocalLoss(axis=axis, gamma=gamma, ignore_label=ignore, normalization=normalization)
    places = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    x, label = RNG.standard_normal(shape), RNG.integers(0, 3, places).astype("f8")
    if ignore:
        label.flat[0] = ignore
    assert layer.infer(Shape(shape), Shape(places), ("loss", "prob")).tops == [(), shape]
    want = loss_by_hand(x, label, axis, 0.25, gamma, ignore, normalization)
    assert Trial.on(layer, x, label, tops=2).forward()[0] == pytest.approx(want)
    for tops in (1, 2):
        check_gradient(layer, shape, tuple(places), tops=tops, bottoms=[x, label])


@pytest.mark.parametrize("gamma", [0, 0.5, 2])
def test_certain_items_have_a_finite_loss_and_gradient(gamma):
    x = np.array([[1e4, 0], [0, 1e4]], "f4")
    trial = Trial.on(FocalLoss(gamma=gamma, alpha=1), x, [0, 0])
    assert trial.forward()[0] == pytest.approx(-np.log(1e-20) / 2)
    into = np.ones_like(x)
    trial.backward([np.array(1, "f4")], [into, None])
    assert np.isfinite(into).all()
    assert not into[0].any()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("gamma: -1", "gamma must be at least 0, got -1"),
        ("alpha: -1", "alpha must be at least 0, got -1"),
        (
            "axis: 0",
            "scores of shape (2, 3) with classes along axis 0 need 3 labels, as (3,), but the"
            " labels have the shape (2,)",
        ),
    ],
)
def test_what_is_refused(fields, message):
    layer = f'type: "FocalLoss" top: "loss" focal_loss_param {{ {fields} }}'
    assert layer_refusal(layer, (2, 3), (2,)) == f"(FocalLoss): {message}"

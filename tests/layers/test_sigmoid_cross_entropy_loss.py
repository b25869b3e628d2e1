import numpy as np
import pytest

from netdef.eager import Trial
from netdef.graph import build
from netdef.layer import LAYERS
from netdef.prototxt import parse_net
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Loss = LAYERS["SigmoidCrossEntropyLoss"]
NORMALIZATIONS = ["FULL", "VALID", "BATCH_SIZE", "NONE"]


def loss_by_hand(x, target, ignore, normalization):
    total, valid = 0.0, 0
    for score, t in zip(x.flat, target.flat, strict=True):
        if t != ignore:
            p = 1 / (1 + np.exp(-score))
            total -= t * np.log(p) + (1 - t) * np.log(1 - p)
            valid += 1
    divisor = {"FULL": x.size, "VALID": valid, "BATCH_SIZE": len(x), "NONE": 1}
    return total / max(divisor[normalization], 1)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("ignore", [None, -1])
@pytest.mark.parametrize("shape", [(2, 3, 2), (2, 6)])
def test_by_hand_and_gradient(normalization, ignore, shape):
    rng = np.random.default_rng(8)
    x, target = rng.standard_normal((2, 3, 2)), rng.uniform(0, 1, shape)
    if ignore is not None:
        target.flat[:4] = ignore
    layer = Loss(normalization=normalization, ignore_label=ignore)
    assert layer.infer(Shape(x.shape), Shape(shape)).tops == [()]
    want = loss_by_hand(x, target, ignore, normalization)
    assert Trial.on(layer, x, target).forward()[0] == pytest.approx(want)
    check_gradient(layer, x.shape, shape, bottoms=[x, target])


def test_large_scores_do_not_overflow():
    trial = Trial.on(Loss(normalization="NONE"), np.array([[-1e4, 1e4]], "f4"), [[1, 1]])
    assert trial.forward()[0] == 1e4


@pytest.mark.parametrize(
    ("fields", "normalization"),
    [
        ("", "BATCH_SIZE"),
        ("normalize: true", "VALID"),
        ("normalize: false", "BATCH_SIZE"),
        ("normalization: VALID", "VALID"),
        ("normalization: FULL normalize: true", "FULL"),
    ],
)
def test_batch_is_the_divisor_where_none_is_given(fields, normalization):
    text = f"""
      layer {{ name: "in" type: "Input" top: "x" top: "t" input_param {{ shape {{ dim: 2 }} }} }}
      layer {{ name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "x" bottom: "t" top: "loss"
        loss_param {{ {fields} }} }}"""
    assert build(parse_net(text, "net.prototxt"), 0).nodes[1].layer.normalization == normalization


def test_what_is_refused():
    message = layer_refusal('type: "SigmoidCrossEntropyLoss" top: "loss"', (2, 3), (2,))
    assert message == (
        "(SigmoidCrossEntropyLoss): the scores (2, 3) and the targets (2,) differ in number"
    )

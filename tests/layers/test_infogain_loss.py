import numpy as np
import pytest

from netdef.eager import Trial
from netdef.io.blobs import write_blob
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

InfogainLoss = LAYERS["InfogainLoss"]
SoftmaxWithLoss = LAYERS["SoftmaxWithLoss"]
RNG = np.random.default_rng(7)
CASES = [((4, 3), 1), ((2, 3, 2, 2), 1), ((2, 2, 3), -1), ((3, 4), 0), ((2, 3, 2), 1)]


def loss_by_hand(x, label, matrix, axis, ignore, normalization):
    p = np.exp(x) / np.exp(x).sum(axis, keepdims=True)
    p = np.moveaxis(p, axis, -1).reshape(-1, x.shape[axis])
    each = [-(matrix[int(c)] * np.log(p[i])).sum() for i, c in enumerate(label.flat) if c != ignore]
    outer = int(np.prod(x.shape[: axis % x.ndim]))
    divisor = {"FULL": label.size, "VALID": len(each), "BATCH_SIZE": outer, "NONE": 1}
    return sum(each) / max(divisor[normalization], 1)


@pytest.mark.parametrize("normalization", ["FULL", "VALID", "BATCH_SIZE", "NONE"])
@pytest.mark.parametrize("ignore", [None, 255])
@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_by_hand_and_gradient(shape, axis, ignore, normalization):
    layer = InfogainLoss(axis=axis, ignore_label=ignore, normalization=normalization)
    places = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    x, label = RNG.standard_normal(shape), RNG.integers(0, 3, places).astype("f8")
    matrix = RNG.uniform(0, 1, (1, 1, 3, 3))
    if ignore:
        label.flat[0] = ignore
    shapes = [Shape(shape), Shape(places), Shape(matrix.shape)]
    assert layer.infer(*shapes, ("loss", "prob")).tops == [(), shape]
    want = loss_by_hand(x, label, matrix[0, 0], axis, ignore, normalization)
    loss, prob = Trial.on(layer, x, label, matrix, tops=2).forward()
    assert loss == pytest.approx(want)
    np.testing.assert_allclose(prob, np.exp(x) / np.exp(x).sum(axis, keepdims=True))
    for tops in (1, 2):
        check_gradient(layer, *shapes, tops=tops, bottoms=[x, label, matrix])


def test_identity_makes_the_loss_of_softmax():
    x, label = RNG.standard_normal((5, 3)), [0, 1, 2, 2, 1]
    mine = Trial.on(InfogainLoss(), x, label, np.eye(3)).forward()[0]
    assert mine == pytest.approx(Trial.on(SoftmaxWithLoss(), x, label).forward()[0].item())


def test_matrix_from_a_file(tmp_path):
    matrix = RNG.uniform(0, 1, (1, 1, 3, 3)).astype("f4")
    path = tmp_path / "matrix.binaryproto"
    write_blob(path, matrix)
    x, label = RNG.standard_normal((4, 3)), np.array([0.0, 1, 2, 1])
    layer = InfogainLoss(source=str(path))
    trial = Trial.on(layer, x, label)
    want = loss_by_hand(x, label, matrix[0, 0], 1, None, "VALID")
    assert trial.forward()[0] == pytest.approx(want, rel=1e-6)
    check_gradient(layer, x.shape, label.shape, bottoms=[x, label])


def test_matrix_of_another_size_in_a_file(tmp_path):
    path = tmp_path / "matrix.binaryproto"
    write_blob(path, np.ones((2, 2), "f4"))
    layer = f'type: "InfogainLoss" top: "loss" infogain_loss_param {{ source: "{path}" }}'
    assert layer_refusal(layer, (4, 3), (4,)) == (
        f"(InfogainLoss): {path}: the matrix (2, 2) must have 3 x 3 numbers"
    )


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(4, 3), (4,)], "needs its matrix: set infogain_loss_param source, or a third bottom"),
        ([(4, 3), (4,), (4, 3)], "the matrix (4, 3) must have 3 x 3 numbers"),
        (
            [(4, 3), (3,), (3, 3)],
            "scores of shape (4, 3) with classes along axis 1 need 4 labels, as (4,), but the"
            " labels have the shape (3,)",
        ),
    ],
)
def test_what_is_refused(shapes, message):
    layer = 'type: "InfogainLoss" top: "loss"'
    assert layer_refusal(layer, *shapes) == f"(InfogainLoss): {message}"


def test_file_that_is_not_there():
    layer = 'type: "InfogainLoss" top: "loss" infogain_loss_param { source: "no.binaryproto" }'
    assert layer_refusal(layer, (4, 3), (4,)) == (
        "(InfogainLoss): no.binaryproto: no such file or folder"
    )

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.errors import DataError
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.refusal import layer_refusal

Accuracy = LAYERS["Accuracy"]
SCORES = [[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]


@pytest.mark.parametrize(
    ("top_k", "label", "part"),
    [
        (1, [1, 0, 2, 0], 1),
        (1, [0, 0, 0, 0], 0.5),
        (2, [0, 2, 1, 1], 0.75),
        (3, [0, 1, 0, 2], 1),
    ],
)
def test_by_hand(top_k, label, part):
    assert Trial.on(Accuracy(top_k=top_k), SCORES, label).forward()[0] == part


@pytest.mark.parametrize(("top_k", "part"), [(1, 0), (2, 0.5), (3, 1)])
def test_equal_scores_count_as_larger(top_k, part):
    scores = [[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]]
    assert Trial.on(Accuracy(top_k=top_k), scores, [0, 2]).forward()[0] == part


def test_ignored_labels_count_for_nothing():
    layer = Accuracy(ignore_label=-1)
    assert Trial.on(layer, SCORES, [1, -1, 0, -1]).forward()[0] == 0.5
    assert Trial.on(layer, SCORES, [-1] * 4).forward()[0] == 0


def test_per_class():
    trial = Trial.on(Accuracy(ignore_label=2), SCORES, [1, 0, 2, 1], tops=2)
    every, each = trial.forward()
    assert every == 2 / 3
    assert each.tolist() == [1, 0.5, 0]


@pytest.mark.parametrize(("shape", "axis"), [((2, 3, 4), 1), ((2, 4, 3), -1), ((3, 8), 0)])
@pytest.mark.parametrize("top_k", [1, 2])
def test_any_axis_agrees_with_a_loop(shape, axis, top_k):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    places = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    label = rng.integers(0, 3, places)
    layer = Accuracy(axis=axis, top_k=top_k)
    assert layer.infer(Shape(shape), Shape(places), ("y", "each")).tops == [(), (3,)]
    y, each = Trial.on(layer, x, label, tops=2).forward()
    scores = np.moveaxis(x, axis, -1).reshape(-1, 3)
    found = [c in np.argsort(-row)[:top_k] for row, c in zip(scores, label.flat, strict=True)]
    assert y == pytest.approx(np.mean(found))
    for c in range(3):
        assert each[c] == pytest.approx(np.mean(np.array(found)[label.reshape(-1) == c]))


def test_label_of_no_class():
    with pytest.raises(DataError) as caught:
        Trial.on(Accuracy(), SCORES, [0, 1, 3, 0]).forward()
    assert str(caught.value) == (
        "label 3 (item 2 of the batch) is outside the 3 classes 0 to 2;"
        " correct the label, or the number of outputs below"
    )


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("top_k: 0", [(2, 3), (2,)], "top_k must be at least 1, got 0"),
        ("top_k: 4", [(2, 3), (2,)], "top_k 4 is more than the 3 classes of (2, 3)"),
        (
            "",
            [(2, 3), (3,)],
            "scores of shape (2, 3) with classes along axis 1 need 2 labels, as (2,), but the"
            " labels have the shape (3,)",
        ),
        ("axis: -3", [(2, 3), (2,)], "axis -3 is not one of the 2 axes of (2, 3)"),
        ("", [(2, 3)], "takes 2 bottoms, got 1"),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Accuracy" top: "y" accuracy_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Accuracy): {message}"

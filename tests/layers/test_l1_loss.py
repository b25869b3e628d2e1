import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

L1Loss = LAYERS["L1Loss"]
SHAPE = (2, 3, 2, 2)
FIELDS = [
    {},
    dict(plateau=0.7),
    dict(normalize_by_num_entries=True),
    dict(l2_per_location=True),
    dict(l2_per_location=True, plateau=1.5, epsilon=0.5),
    dict(l2_per_location=True, l2_prescale_by_channels=True),
]


def loss_by_hand(layer, d):
    valid = ~np.isnan(d)
    count = valid.sum() / d.shape[1] if layer.normalize_by_num_entries else len(d)
    d = np.where(valid, d, 0)
    if not layer.l2_per_location:
        return np.abs(d)[np.abs(d) >= layer.plateau].sum() / count
    total = 0.0
    for n, y, x in np.ndindex(d.shape[0], *d.shape[2:]):
        square = (d[n, :, y, x] ** 2).sum()
        if layer.l2_prescale_by_channels:
            square /= d.shape[1]
        square *= square >= layer.plateau**2
        total += np.sqrt(square + layer.epsilon)
    return total / count


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("count", [1, 2])
def test_by_hand_and_gradient(fields, count):
    bottoms = np.random.default_rng(3).standard_normal((count, *SHAPE))
    layer = L1Loss(**fields)
    assert layer.infer(*[Shape(SHAPE)] * count, *[None] * (2 - count)).tops == [()]
    d = bottoms[0] - bottoms[1] if count == 2 else bottoms[0]
    want = loss_by_hand(layer, d)
    assert Trial.on(layer, *bottoms).forward()[0] == pytest.approx(want)
    check_gradient(layer, *[SHAPE] * count, bottoms=bottoms)


@pytest.mark.parametrize("fields", FIELDS)
def test_what_is_no_number_counts_for_nothing(fields):
    a, b = np.random.default_rng(3).standard_normal((2, *SHAPE))
    b[0, :, 1, 1] = np.nan
    layer = L1Loss(**fields)
    trial = Trial.on(layer, a, b)
    assert trial.forward()[0] == pytest.approx(loss_by_hand(layer, a - b))
    into = [np.ones(SHAPE), np.ones(SHAPE)]
    trial.backward([np.array(1.0)], into)
    for gradient in into:
        assert not gradient[0, :, 1, 1].any()
        assert gradient[1].any()


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("", [(2, 3), (3, 2)], "its bottoms (2, 3) and (3, 2) must have one shape"),
        ("", [(2,)], "a bottom of shape (2,) has no channels; it needs (N, C, ...)"),
        ("epsilon: -1", [(2, 3)], "epsilon must be at least 0, got -1"),
        ("plateau: -1", [(2, 3)], "plateau must be at least 0, got -1"),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "L1Loss" top: "loss" l1_loss_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(L1Loss): {message}"

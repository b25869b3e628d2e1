import numpy as np
import pytest

from netdef.errors import FieldError, UnknownType
from netdef.fillers import FILLERS, check_filler, fill
from netdef.proto import FillerParameter


def filled(shape, seed=0, **fields):
    out = np.full(shape, np.nan, "float32")
    filler = FillerParameter(**fields)
    check_filler(filler, shape)
    fill(out, filler, np.random.default_rng(seed))
    return out


def test_constant():
    assert (filled((2, 3), type="constant", value=1.5) == 1.5).all()
    assert not filled((2, 3)).any()


def test_uniform():
    values = filled((100, 100), type="uniform", min=-2, max=3)
    assert values.min() >= -2 and values.max() < 3
    assert values.mean() == pytest.approx(0.5, abs=0.05)
    assert values.std() == pytest.approx(5 / np.sqrt(12), rel=0.02)


def test_gaussian():
    values = filled((100, 100), type="gaussian", mean=1, std=2)
    assert values.mean() == pytest.approx(1, abs=0.06)
    assert values.std() == pytest.approx(2, rel=0.03)


def test_sparse_gaussian_keeps_about_so_many_inputs_of_each_output():
    values = filled((50, 400), type="gaussian", std=1, sparse=5)
    assert (values != 0).mean() == pytest.approx(5 / 50, rel=0.1)
    assert not filled((4, 5), type="gaussian", std=1, sparse=0).any()


def test_positive_unitball():
    values = filled((5, 3, 4), type="positive_unitball")
    assert values.min() >= 0
    np.testing.assert_allclose(values.reshape(5, -1).sum(axis=1), 1, rtol=1e-6)
    assert len(np.unique(values)) == 60


FANS = [("FAN_IN", 300), ("FAN_OUT", 4000), ("AVERAGE", 2150)]


@pytest.mark.parametrize(("norm", "fan"), FANS)
def test_xavier(norm, fan):
    values = filled((400, 30, 10), type="xavier", variance_norm=norm)
    bound = np.sqrt(3 / fan)
    assert np.abs(values).max() == pytest.approx(bound, rel=1e-3)
    assert values.mean() == pytest.approx(0, abs=bound / 100)
    assert values.std() == pytest.approx(np.sqrt(1 / fan), rel=0.02)


@pytest.mark.parametrize(("norm", "fan"), FANS)
def test_msra(norm, fan):
    values = filled((400, 30, 10), type="msra", variance_norm=norm)
    assert values.std() == pytest.approx(np.sqrt(2 / fan), rel=0.02)
    assert np.abs(values).max() > 3.5 * np.sqrt(2 / fan)


def test_fans_of_a_vector():
    assert np.abs(filled((300,), type="xavier")).max() == pytest.approx(np.sqrt(3), rel=0.02)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_bilinear(size):
    values = filled((2, 1, size, size), type="bilinear")
    factor = int(np.ceil(size / 2))
    centre = (2 * factor - 1 - factor % 2) / (2 * factor)
    for i, j in np.ndindex(size, size):
        want = (1 - abs(i / factor - centre)) * (1 - abs(j / factor - centre))
        assert values[1, 0, i, j] == pytest.approx(want)


def test_bilinear_weights_double_an_image():
    np.testing.assert_allclose(
        filled((1, 1, 4, 4), type="bilinear")[0, 0, 1] * 4 / 3, [0.25, 0.75, 0.75, 0.25]
    )


@pytest.mark.parametrize("kind", FILLERS)
def test_seeds(kind):
    shape, fields = (3, 3, 2, 2), dict(type=kind, std=1)
    np.testing.assert_array_equal(filled(shape, 1, **fields), filled(shape, 1, **fields))
    is_random = kind not in ("constant", "bilinear")
    assert (filled(shape, 1, **fields) != filled(shape, 2, **fields)).any() == is_random


def test_all_of_caffes():
    assert set(FILLERS) == {
        "constant", "uniform", "gaussian", "positive_unitball", "xavier", "msra", "bilinear",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "fields", "error", "message"),
    [
        (
            (2,),
            dict(type="gausian"),
            UnknownType,
            "no filler type 'gausian'; did you mean 'gaussian'?",
        ),
        ((2,), dict(type="Xavier"), UnknownType, "no filler type 'Xavier'; did you mean 'xavier'?"),
        (
            (2,),
            dict(type="xavier", sparse=1),
            FieldError,
            "sparse is a field of the gaussian filler, not of xavier",
        ),
        ((2,), dict(type="gaussian", sparse=-2), FieldError, "sparse must be at least 0, got -2"),
        ((2,), dict(type="gaussian", std=-1), FieldError, "std must be at least 0, got -1"),
        (
            (2,),
            dict(type="uniform", min=2, max=1),
            FieldError,
            "min 2 of the uniform filler exceeds max 1",
        ),
        (
            (1, 1, 2, 3),
            dict(type="bilinear"),
            FieldError,
            "the bilinear filler fills square 4-D kernels, not the shape (1, 1, 2, 3)",
        ),
        (
            (),
            dict(type="msra"),
            FieldError,
            "the msra filler needs a first axis, which the shape () lacks",
        ),
        (
            (),
            dict(type="gaussian", sparse=1),
            FieldError,
            "the gaussian filler needs a first axis, which the shape () lacks",
        ),
    ],
)
def test_what_is_refused(shape, fields, error, message):
    with pytest.raises(error) as caught:
        check_filler(FillerParameter(**fields), shape)
    assert str(caught.value) == message

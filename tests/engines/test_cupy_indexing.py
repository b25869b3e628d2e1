"""Rows by number on a GPU: the same sums in every run, and numbers that name no row."""

import re

import numpy as np
import pytest

from netdef.engines import Launches, Scratch
from netdef.engines.cupy import CupyEngine
from netdef.engines.numpy import NumpyEngine
from netdef.errors import DataError
from tests.engines.kernels_on_cpu import RawModule

RNG = np.random.default_rng(4)
MESSAGE = "index {} (item {}) is outside the 3 rows 0 to 2"


def engine(xp, kind=CupyEngine):
    return kind(xp, Scratch(xp, xp.zeros(1 << 16, np.uint8)))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("count", "rows", "width"), [(700, 5, 3), (300, 1000, 1), (1, 1, 9)])
def test_rows_are_added_in_the_order_of_the_cpu(count, rows, width, backwards, xp, monkeypatch):
    """Sums in float32 depend on their order: they are the same to the last bit."""
    monkeypatch.setattr(RawModule, "is_backwards", backwards)
    sizes = 10.0 ** RNG.integers(-3, 4, (count, 1))
    values = (sizes * RNG.standard_normal((count, width))).astype("float32")
    index = RNG.integers(0, rows, count).astype("float32")
    table = RNG.standard_normal((rows, width)).astype("float32")
    ours = xp.asarray(table)
    arrays = dict(rows=xp.asarray(values), index=xp.asarray(index), add_to=ours)
    engine(xp).prepare("scatter", arrays, {})()
    np.add.at(table, index.astype(int), values)
    np.testing.assert_array_equal(ours.get(), table)


@pytest.mark.parametrize("primitive", ["gather", "scatter"])
@pytest.mark.parametrize(
    ("numbers", "number", "place"),
    [([0, 3, 9], 3, 1), ([-1, 2, 0], -1, 0), ([2] * 10 + [7] * 690, 7, 10)],
)
def test_the_first_number_that_names_no_row_is_found(primitive, numbers, number, place, xp):
    index, table = xp.asarray(numbers, "float32"), xp.full((3, 4), 1, "float32")
    rows = xp.full((len(numbers), 4), 5, "float32")
    mine = engine(xp)
    arrays = dict(index=index)
    arrays |= (
        dict(table=table, out=rows) if primitive == "gather" else dict(rows=rows, add_to=table)
    )
    call = mine.prepare(primitive, arrays, {})
    call()
    index[...] = 5  # what is wrong later does not hide it
    call()
    with pytest.raises(DataError, match=f"^{re.escape(MESSAGE.format(number, place))}$"):
        mine.checks.judge([a.get() for a in mine.checks.arrays])
    index[...] = 2
    call()
    mine.checks.judge([a.get() for a in mine.checks.arrays])


def test_what_names_no_row_is_neither_taken_nor_added(xp):
    index, table = xp.asarray([0, np.nan, 3, -1, -0.5], "float32"), xp.full((3, 1), 1, "float32")
    out, rows = xp.full((5, 1), 9, "float32"), xp.full((5, 1), 10, "float32")
    engine(xp).prepare("gather", dict(index=index, table=table, out=out), {})()
    assert out.get().ravel().tolist() == [1, 0, 0, 0, 1]
    engine(xp).prepare("scatter", dict(index=index, rows=rows, add_to=table), {})()
    assert table.get().ravel().tolist() == [21, 1, 1]


@pytest.mark.parametrize("kind", ["int32", "int64", "float64"])
def test_numbers_of_other_types(kind, xp):
    index, table = xp.asarray([2, 0, 2], kind), xp.asarray([[1], [2], [4]], "float32")
    out = xp.full((3, 1), 9, "float32")
    for one in (CupyEngine, NumpyEngine):
        engine(xp, one).prepare("gather", dict(index=index, table=table, out=out), {})()
        assert out.get().ravel().tolist() == [4, 1, 4]


@pytest.mark.parametrize("is_plain", [True, False])
def test_both_can_be_captured(is_plain, xp):
    def array(*shape):
        return xp.zeros(shape if is_plain else shape[::-1], "float32").transpose(
            range(len(shape)) if is_plain else range(len(shape))[::-1]
        )

    table, rows, index = array(3, 4), array(5, 6, 4), array(5, 6)
    assert rows.flags.c_contiguous == is_plain
    mine = engine(xp)
    for primitive, roles in (("gather", ("table", "out")), ("scatter", ("add_to", "rows"))):
        arrays = dict(zip(roles, (table, rows), strict=True), index=index)
        assert isinstance(mine.prepare(primitive, arrays, {}), Launches)


def test_nothing_to_add(xp):
    table, rows = xp.full((3, 2), 1, "float32"), xp.zeros((0, 2), "float32")
    arrays = dict(index=xp.zeros((0,), "float32"), rows=rows, add_to=table)
    engine(xp).prepare("scatter", arrays, {})()
    assert (table.get() == 1).all()

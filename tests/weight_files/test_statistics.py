"""Statistics of blobs against NumPy's on the same numbers."""

import json

import numpy as np
import pytest

from netdef.weight_files.statistics import (
    statistics,
    survey_json,
    survey_state,
    survey_table,
    survey_weights,
)


def test_statistics_of_a_few_numbers():
    found = statistics(np.array([[-2.0, 0.0], [0.0, 6.0]], np.float32))
    assert (found.min, found.mean, found.max, found.count) == (-2, 1, 6, 4)
    assert found.std == pytest.approx(np.sqrt((9 + 1 + 1 + 25) / 4))
    assert (found.zeros, found.nans, found.infs) == (0.5, 0, 0)


def test_what_is_no_number_is_counted_apart():
    found = statistics(np.array([np.nan, 1, np.inf, -np.inf, 3], np.float32))
    assert (found.min, found.mean, found.max, found.nans, found.infs) == (1, 2, 3, 1, 2)
    lost = statistics(np.array([np.nan], np.float32))
    assert (lost.min, lost.mean, lost.std, lost.nans) == (None, None, None, 1)
    assert statistics(np.empty(0, np.float32)).count == 0


def test_the_mean_of_many_values_is_taken_in_double_precision():
    values = np.full(2**24 + 3, 1.1, np.float32)
    assert statistics(values).mean == pytest.approx(float(np.float32(1.1)), rel=1e-9)


FORMS = {
    "lenet/lenet_iter_10000.caffemodel": ("today's form", 9, 8, "float32"),
    "lenet/v1era_lenet_iter_10000.caffemodel": ("V1", 9, 8, "float32"),
    "cifar10_h5/cifar10_full_iter_60000.caffemodel.h5": ("HDF5", 14, 8, "float32"),
}


@pytest.mark.parametrize("name", FORMS)
def test_real_weights(shared, name):
    title, layers, blobs, dtype = FORMS[name]
    form, found = survey_weights(str(shared / "data" / "models" / name))
    assert (form.title, len(form.dtypes), len(found)) == (title, layers, blobs)
    assert {one.dtype for one in found} == {dtype}


STATES = {
    "lenet/lenet_iter_10000.solverstate": 10000,
    "cifar10_h5/cifar10_full_iter_60000.solverstate.h5": 60000,
}


@pytest.mark.parametrize("name", STATES)
def test_a_solvers_state(shared, name):
    said, history = survey_state(str(shared / "data" / "models" / name))
    assert said["iter"] == STATES[name]
    assert len(history) == 8 and all(one.statistics.nans == 0 for one in history)


def test_the_table_tells_totals_and_odd_values(tmp_path, shared):
    _, found = survey_weights(str(shared / "data/models/lenet/lenet_iter_10000.caffemodel"))
    lines = survey_table(found).splitlines()
    assert lines[-1].split() == ["total", "431,080"]
    assert lines[2].split()[:6] == ["conv1", "Convolution", "0", "20x1x5x5", "float32", "500"]
    assert json.loads(json.dumps(survey_json(found)))[0]["shape"] == [20, 1, 5, 5]

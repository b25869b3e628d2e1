"""Features on a plane."""

import sys

import numpy as np
import pytest

from netdef.errors import DataError, RunError
from netdef.feature_map import place


@pytest.fixture
def rows():
    return np.random.default_rng(1).normal(size=(40, 7)).astype(np.float32) * np.arange(1, 8)


def test_pca_is_scikit_learns(rows):
    decomposition = pytest.importorskip("sklearn.decomposition")
    model = decomposition.PCA(2).fit(rows.astype(np.float64))
    points, parts = place(rows.astype(np.float32), "pca")
    np.testing.assert_allclose(parts, model.explained_variance_ratio_, rtol=1e-5)
    theirs = model.transform(rows.astype(np.float64))
    np.testing.assert_allclose(np.abs(points), np.abs(theirs), rtol=1e-4, atol=1e-4)


def test_signs_do_not_depend_on_the_library(rows):
    points, _ = place(rows, "pca")
    direction = (rows - rows.mean(0)).T @ points
    assert (direction[np.abs(direction).argmax(0), [0, 1]] > 0).all()


def test_rows_of_one_feature():
    points, parts = place(np.array([[0], [1], [5]], np.float32), "pca")
    np.testing.assert_allclose(points, [[-2, 0], [-1, 0], [3, 0]])
    assert parts == [1]


def test_tsne_keeps_groups_together():
    pytest.importorskip("sklearn")
    random = np.random.default_rng(2)
    rows = np.concatenate([random.normal(c, 0.1, (12, 60)) for c in (0, 5)]).astype(np.float32)
    points, parts = place(rows, "tsne")
    assert parts == [] and points.shape == (24, 2)
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + np.diag([np.inf] * 24)
    assert ((gaps.argmin(1) < 12) == (np.arange(24) < 12)).all()
    np.testing.assert_array_equal(place(rows, "tsne")[0], points)


def test_tsne_without_scikit_learn(monkeypatch, rows):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(RunError, match=r"pip install 'netdef\[features\]', or take --method pca"):
        place(rows, "tsne")


@pytest.mark.parametrize(
    ("rows", "message"),
    [(np.ones((2, 3)), "2 rows make no map; give 3 or more"),
     (np.ones((5, 3)), "all rows are equal; there is nothing to draw")],
)  # fmt: skip
def test_rows_that_make_no_map(rows, message):
    with pytest.raises(DataError) as caught:
        place(rows.astype(np.float32), "pca")
    assert str(caught.value) == message

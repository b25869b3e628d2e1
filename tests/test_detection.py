import numpy as np
import pytest

from netdef.detection import Selection, decode, detections, overlaps

PRIORS = np.array([[0.1, 0.2, 0.5, 0.4], [0, 0, 1, 1]], "f")
VARIANCES = np.array([[0.1, 0.1, 0.2, 0.2]] * 2, "f")
LOCATIONS = np.array([[1, -1, 0.5, 2], [0, 0, 0, 0]], "f")


@pytest.mark.parametrize(
    ("code_type", "first"),
    [
        ("CORNER", [0.1 + 0.1, 0.2 - 0.1, 0.5 + 0.1, 0.4 + 0.4]),
        (
            "CORNER_SIZE",
            [0.1 + 0.1 * 0.4, 0.2 - 0.1 * 0.2, 0.5 + 0.1 * 0.4, 0.4 + 0.4 * 0.2],
        ),
        (
            "CENTER_SIZE",
            [
                0.3 + 0.1 * 0.4 - 0.2 * np.exp(0.1),
                0.3 - 0.1 * 0.2 - 0.1 * np.exp(0.4),
                0.3 + 0.1 * 0.4 + 0.2 * np.exp(0.1),
                0.3 - 0.1 * 0.2 + 0.1 * np.exp(0.4),
            ],
        ),
    ],
)
def test_decode(code_type, first):
    boxes = decode(np.stack([LOCATIONS, 0 * LOCATIONS]), PRIORS, VARIANCES, code_type)
    np.testing.assert_allclose(boxes[0], [first, PRIORS[1]], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(boxes[1], PRIORS, atol=1e-7)


def test_overlaps():
    others = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 0, 4, 2], [5, 5, 6, 6], [1, 1, 1, 1]], "f")
    np.testing.assert_allclose(overlaps(others[0], others), [1, 1 / 7, 0, 0, 0])
    assert overlaps(others[4], others[4:]).tolist() == [0]


def row(*begins, length=1.0):
    """Return boxes of one row that begin at these columns."""
    return np.array([[b, 0, b + length, 1] for b in begins], "f")


@pytest.mark.parametrize(
    ("fields", "best"),
    [
        ({}, [2, 0, 3]),
        (dict(overlap=0.9), [2, 1, 0, 4, 3]),
        (dict(least_score=0.5), [2, 0]),
        (dict(top_k=2), [2]),
        (dict(top_k=0), []),
        (dict(least_score=2.0), []),
    ],
)
def test_selection(fields, best):
    boxes = row(5, 0.2, 0, 8, 4.7)
    scores = np.array([0.6, 0.8, 0.9, 0.2, 0.5], "f")
    select = Selection(**{**dict(least_score=None, top_k=-1, overlap=0.4, eta=1), **fields})
    assert select.best(boxes, scores).tolist() == best


def test_of_equal_scores_the_first_is_kept():
    select = Selection(least_score=None, top_k=-1, overlap=0.4, eta=1)
    assert select.best(row(0, 0.1), np.array([0.5, 0.5], "f")).tolist() == [0]


def test_the_limit_shrinks_until_it_is_half():
    # Overlaps of neighbours: 0.6. With limits 0.7, 0.56 and 0.448 the second is dropped.
    boxes, scores = row(0, 0.25, 9), np.array([0.9, 0.8, 0.7], "f")
    assert Selection(None, -1, 0.7, 1).best(boxes, scores).tolist() == [0, 1, 2]
    assert Selection(None, -1, 0.7, 0.8).best(boxes, scores).tolist() == [0, 2]
    # From 0.5 on it does not shrink: 0.45 is not reached.
    boxes = row(0, 0.35)
    assert Selection(None, -1, 0.5, 0.9).best(boxes, scores[:2]).tolist() == [0, 1]


def test_detections_come_class_by_class():
    boxes = row(0, 3, 6)[None]
    scores = np.array([[0.1, 0.3, 0.6], [0.9, 0.05, 0.05], [0.2, 0.5, 0.3]], "f")
    select = Selection(least_score=0.25, top_k=-1, overlap=0.4, eta=1)
    found = detections(boxes, scores, select, background=0, most=-1)
    want = [(1, 0.5, 2), (1, 0.3, 0), (2, 0.6, 0), (2, 0.3, 2)]
    np.testing.assert_allclose(found, [[c, s, *boxes[0, i]] for c, s, i in want])
    found = detections(boxes, scores, select, background=0, most=2)
    np.testing.assert_allclose(found, [[c, s, *boxes[0, i]] for c, s, i in (want[0], want[2])])
    found = detections(boxes, scores, select, background=-1, most=1)
    np.testing.assert_allclose(found, [[0, 0.9, *boxes[0, 1]]])


def test_each_class_may_have_boxes_of_its_own():
    boxes, scores = np.stack([row(0), row(5)]), np.array([[0.5, 0.6]], "f")
    found = detections(boxes, scores, Selection(None, -1, 0.5, 1), background=-1, most=-1)
    np.testing.assert_allclose(found, [[0, 0.5, *boxes[0, 0]], [1, 0.6, *boxes[1, 0]]])

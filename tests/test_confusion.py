"""What a classifier takes for what."""

import cv2
import numpy as np
import pytest

from netdef.confusion import Confusion, write_matrix, write_scores
from netdef.confusion_drawing import draw, write_drawing


@pytest.fixture
def confusion():
    found = Confusion(["cat", "dog", "émeu"])
    found.count([0, 0, 0, 1], [0, 0, 1, 1])
    found.count([2], [0])
    return found


def test_counts(confusion):
    assert confusion.matrix.tolist() == [[2, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert confusion.accuracy == pytest.approx(3 / 5)


def test_scores_of_classes(confusion):
    cat, dog, emu = confusion.scores()
    assert cat == ("cat", 3, pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert dog == ("dog", 1, 0.5, 1.0, pytest.approx(2 / 3))
    assert emu == ("émeu", 1, 0, 0, 0)


def test_nothing_counted_is_no_division_by_zero():
    assert Confusion(["a", "b"]).accuracy == 0
    assert Confusion(["a", "b"]).scores()[0] == ("a", 0, 0, 0, 0)


def test_the_files(confusion, tmp_path):
    write_matrix(tmp_path / "m.csv", confusion)
    write_scores(tmp_path / "s.csv", confusion)
    assert (
        tmp_path / "m.csv"
    ).read_text() == "label,cat,dog,émeu\ncat,2,1,0\ndog,0,1,0\némeu,1,0,0\n"
    assert (tmp_path / "s.csv").read_text().splitlines()[:2] == [
        "name,pictures,precision,recall,f1",
        "cat,3,0.6667,0.6667,0.6667",
    ]


def test_the_drawing_is_darkest_where_all_pictures_are(confusion, tmp_path):
    write_drawing(tmp_path / "m.png", confusion)
    picture = cv2.imread(str(tmp_path / "m.png"))
    np.testing.assert_array_equal(picture, draw(confusion))
    margin = len(picture) - 3 * 48
    corner = {
        (row, column): tuple(picture[margin + 48 * row + 2, margin + 48 * column + 2].tolist())
        for row in range(3)
        for column in range(3)
    }
    assert corner[1, 1] == corner[2, 0] == (150, 70, 20)
    assert corner[1, 0] == (255, 255, 255)
    assert corner[0, 0] == (185, 132, 98)
    names_down, names_across = picture[margin:, :margin], picture[:margin, margin:]
    np.testing.assert_array_equal(np.rot90(names_down), names_across)


@pytest.mark.parametrize(("classes", "cell"), [(100, 24), (1000, 2)])
def test_of_many_classes_the_cells_are_small(classes, cell):
    found = Confusion([f"class {i}" for i in range(classes)])
    found.count([3], [5])
    picture = draw(found)
    margin = len(picture) - cell * classes
    assert picture.shape[0] == picture.shape[1]
    assert (margin > 0) == (classes == 100)
    at = margin + 3 * cell + 1, margin + 5 * cell + 1
    assert picture[at].tolist() == [150, 70, 20]
    picture[margin + 3 * cell : margin + 4 * cell, margin + 5 * cell : margin + 6 * cell] = 255
    assert (picture[margin:, margin:] == 255).all()

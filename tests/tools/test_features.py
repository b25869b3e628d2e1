"""``netdef features`` as a user types it."""

import re

import cv2
import numpy as np
import pytest

from netdef.feature_files import feature_file
from tests.painting import COLORS, paint_classes


@pytest.fixture
def features(tmp_path):
    """Mean colours of painted pictures, by class folder."""
    folder = paint_classes(tmp_path / "photos", 4)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.png"))
    rows = np.array([cv2.imread(str(folder / n)).mean((0, 1)) for n in names], np.float32)
    labels = [sorted(COLORS).index(name.partition("/")[0]) for name in names]
    with feature_file(tmp_path / "f.h5", "h5", {"color": (3,)}, {"data": ["photos"]}) as file:
        file.write(names, labels, {"color": rows})
    return tmp_path / "f.h5"


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_plot(netdef, features, tmp_path, method):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    ran = netdef("features", "plot", "f.h5", "-o", "map.svg", "--method", method)
    count = 4 * len(COLORS)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"Wrote map.svg: {count} points\n")
    drawn = (tmp_path / "map.svg").read_text()
    assert all(f"<!-- {name} -->" in drawn for name in COLORS)
    assert len(re.findall("<use ", drawn)) >= count


def test_plot_with_names_of_classes(netdef, features, tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "names.txt").write_text("first\nsecond\nthird\n")
    assert netdef("features", "plot", "f.h5", "-o", "m.svg", "--labels", "names.txt").status == 0
    assert "<!-- second -->" in (tmp_path / "m.svg").read_text()


def test_knn_finds_the_same_colour(netdef, features, tmp_path):
    ran = netdef("features", "knn", "f.h5", "--query", "red/0.png", "-k", "3", "-o", "sheet.png")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "red/0.png red" and lines[-1] == "Wrote sheet.png"
    assert {line.split()[2] for line in lines[3:6]} == {"red"}
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 116, 2 * 100, 3)
    for row in (40, 156):
        for column in (40, 140):
            b, g, r = sheet[row, column].tolist()
            assert r > 120 and b < 60 and g < 60


def test_knn_by_number_needs_no_pictures(netdef, features, tmp_path):
    first = netdef("features", "knn", "f.h5", "--query", "0", "--metric", "euclidean").out
    named = netdef("features", "knn", "f.h5", "--query", first.split()[0], "--metric", "euclidean")
    assert named.out == first


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("plot", "f.h5", "-o", "map.gif"), 2, "pictures end in .png, .svg, .pdf"),
        (("plot", "f.h5", "-o", "map.png", "--blob", "fc"), 2, "has no blob 'fc'; it has color"),
        (("plot", "none.h5", "-o", "map.png"), 2, "no such file or folder"),
        (("knn", "f.h5", "--query", "green/9.png"), 2, "f.h5: no picture 'green/9.png' in"),
        (("knn", "f.h5", "--query", "0", "-o", "s.png", "--images", "x"), 2, "in x; name their"),
        (("knn", "f.h5", "--query", "0", "-o", "s.gif"), 2, "end it with .png"),
        (("knn", "photos", "--query", "0"), 2, "photos: "),
    ],
)
def test_mistakes_are_told_and_leave_nothing(
    netdef, features, tmp_path, arguments, status, message
):
    ran = netdef("features", *arguments)
    assert ran.status == status
    assert message in ran.err and "Traceback" not in ran.err
    assert not list(tmp_path.glob("*.png")) and not list(tmp_path.glob("*.gif"))

"""docs/walkthrough.md, command by command, on a few flowers."""

import re
import shlex
from pathlib import Path

import cv2
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "walkthrough.md"
STEP = re.compile(r"^    netdef ([^\n]+)$|^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT = (
    "again_iter_8.caffemodel", "cifar10_quick.caffemodel.h5", "confusion.csv", "confusion.png",
    "curve.png", "filters.png", "flowers.html", "flowers.onnx", "flowers_net/preprocessing.json",
    "head_net/preprocessing.json", "imported", "map.png", "nearest.png", "train.h5", "val.h5",
)  # fmt: skip


@pytest.fixture
def flowers(shared, tmp_path):
    """Some photos of each kind, small."""
    for part, count in (("train", 8), ("val", 3)):
        for kind in sorted((shared / "data" / "flowers" / part).iterdir()):
            folder = tmp_path / "flowers" / part / kind.name
            folder.mkdir(parents=True)
            for number, photo in enumerate(sorted(kind.glob("*.jpg"))[:count], 1):
                small = cv2.resize(cv2.imread(str(photo)), (48, 48), interpolation=cv2.INTER_AREA)
                assert cv2.imwrite(str(folder / f"{number}.jpg"), small)
    return tmp_path


@pytest.mark.slow
def test_every_step_of_the_page_runs(netdef, flowers, capsys):
    pytest.importorskip("onnxruntime", reason="needs onnx and onnxruntime")
    steps = STEP.findall(PAGE.read_text())
    assert len(steps) > 15
    said = {}
    for line, code in steps:
        if code:
            exec(code, {})
            said["python"] = capsys.readouterr().out
        else:
            ran = netdef(*shlex.split(line))
            assert ran.status == 0, f"{line}\n{ran.err}"
            said[" ".join(line.split()[:2])] = ran.out
    assert 0 <= float(said["python"]) <= 1
    assert "top-2 of 15 labels = " in said["test --model"]
    for name in LEFT:
        assert (flowers / name).exists(), name

"""``netdef detect``: what a net finds in pictures, and where."""

import csv
import json

import cv2
import numpy as np
import pytest

from ..painting import DEPLOY, paint


@pytest.fixture
def detector(shared):
    folder = shared / "data" / "models" / "wechat_qrcode"
    return ("--model", folder / "detect.prototxt", "--weights", folder / "detect.caffemodel")


@pytest.fixture
def code(tmp_path):
    """A picture with a QR code in the box 150 100 310 260, quiet zone and all, stretched."""
    pixels = np.full((384, 768), 230, np.uint8)
    drawn = cv2.QRCodeEncoder.create().encode("netdef")
    pixels[100:260, 300:620] = cv2.resize(drawn, (320, 160), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(tmp_path / "code.png"), pixels)
    return "code.png"


def test_a_code_is_found_where_it_is(netdef, detector, code, tmp_path):
    paint(tmp_path / "empty.png", (200, 200, 200), (300, 300))
    ran = netdef(
        "detect", code, "empty.png", *detector, "--scale", 1 / 255, "--json", "--out", "drawn"
    )
    assert ran.status == 0, ran.err
    first, empty = json.loads(ran.out)
    (found,) = first["detections"]
    assert (first["file"], found["class"], found["label"]) == ("code.png", 1, "1")
    assert found["score"] > 0.9
    assert found["box"] == pytest.approx([300, 100, 620, 260], abs=40)
    assert empty == {"file": "empty.png", "detections": []}
    ran = netdef("detect", code, "empty.png", *detector, "--scale", 1 / 255, "--csv")
    head, line = csv.reader(ran.out.splitlines())
    assert head == ["file", "class", "label", "score", "left", "top", "right", "bottom"]
    assert line[:3] == ["code.png", "1", "1"]
    assert [float(v) for v in line[4:]] == pytest.approx(found["box"], abs=0.01)
    drawn = cv2.imread(str(tmp_path / "drawn" / "000000_code.png"))
    left, top, right, bottom = (round(side) for side in found["box"])
    edge = drawn[(top + bottom) // 2, left].tolist()
    assert len(set(edge)) > 1  # a color, on a grey picture
    assert drawn[(top + bottom) // 2, right - 1].tolist() == edge
    plain = cv2.imread(str(tmp_path / "drawn" / "000001_empty.png"))
    assert (plain == 200).all()


def test_labels_and_threshold(netdef, detector, code, tmp_path):
    (tmp_path / "labels.txt").write_text("background\nQR code\n")
    ran = netdef("detect", code, *detector, "--scale", 1 / 255, "--labels", "labels.txt")
    name, found = ran.out.splitlines()
    assert name == "code.png"
    assert found.split("  ")[2] == "QR code"
    (tmp_path / "labels.txt").write_text("background\n")
    ran = netdef("detect", code, *detector, "--scale", 1 / 255, "--labels", "labels.txt")
    assert (ran.status, ran.err) == (
        2, "netdef: error: class 1 has no label; there are 1\n",
    )  # fmt: skip


def test_a_net_that_classifies(netdef, tmp_path):
    import netdef as library

    (tmp_path / "deploy.prototxt").write_text(DEPLOY)
    library.Net("deploy.prototxt", library.TEST).save("w.caffemodel")
    paint(tmp_path / "a.png", (1, 2, 3))
    ran = netdef("detect", "a.png", "--model", "deploy.prototxt", "--weights", "w.caffemodel")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: deploy.prototxt: no output is of a DetectionOutput layer, so the net"
        " detects nothing; netdef classify is for nets that classify\n",
    )

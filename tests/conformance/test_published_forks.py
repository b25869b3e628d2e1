"""Published weights of nets with layers of forks do what they were trained for."""

import csv

import cv2
import numpy as np
import pytest

import netdef


@pytest.fixture
def models(shared):
    return shared / "data" / "models"


CORNERS = [(30, 40, 120), (180, 200, 150), (230, 40, 70)]
"""Left, top and side of each code in a picture of 384 by 384 pixels."""


def picture():
    """Return a gray picture with QR codes on noise."""
    noise = np.random.default_rng(3).integers(120, 180, (384, 384)).astype(np.uint8)
    image = cv2.GaussianBlur(noise, (7, 7), 2)
    code = cv2.QRCodeEncoder.create().encode("as many boxes as codes")
    for left, top, side in CORNERS:
        place = np.s_[top : top + side, left : left + side]
        image[place] = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST)
    return image.astype(np.float32)[None, None] / 255


def net_of(models, prototxt, weights):
    net = netdef.Net(str(models / prototxt), netdef.TEST)
    report = net.copy_from(str(models / weights))
    assert set(report.loaded) == set(net.params) and not report.kept
    return net


def test_an_ssd_finds_qr_codes(models):
    net = net_of(models, "wechat_qrcode/detect.prototxt", "wechat_qrcode/detect.caffemodel")
    rows = net.forward(data=picture())["detection_output"]
    assert rows.shape == (1, 1, 3, 7)
    found = rows[0, 0, np.argsort(rows[0, 0, :, 3])]
    assert (found[:, :2] == [0, 1]).all() and (found[:, 2] > 0.9).all()
    for box, (left, top, side) in zip(384 * found[:, 3:], sorted(CORNERS), strict=True):
        np.testing.assert_allclose(box, (left, top, left + side, top + side), atol=0.12 * side)
    rows = net.forward(data=np.full((1, 1, 384, 384), 0.5, "f"))["detection_output"]
    assert rows[0, 0].tolist() == [[0, *[-1] * 6]]


def test_super_resolution_keeps_the_picture(models):
    net = net_of(models, "wechat_qrcode/sr.prototxt", "wechat_qrcode/sr.caffemodel")
    image = cv2.resize(picture()[0, 0], (224, 224), interpolation=cv2.INTER_AREA)
    large = net.forward(data=image[None, None])["fc"][0, 0]
    assert large.shape == (447, 447)
    assert abs(large[::2, ::2] - image).mean() < 0.05


def test_mobilenet_knows_photos(models, shared):
    net = net_of(
        models,
        "mobilenet_v2_torchvision/deploy.prototxt",
        "mobilenet_v2_torchvision/mobilenet_v2.caffemodel",
    )
    with open(shared / "data/imagenet/samples.tsv", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    right = []
    for row in rows:
        image = cv2.imread(str(shared / "data/imagenet/samples" / row["file"]))
        scale = 256 / min(image.shape[:2])
        size = [round(side * scale) for side in image.shape[1::-1]]
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        top, left = ((side - 224) // 2 for side in image.shape[:2])
        pixels = image[top : top + 224, left : left + 224] - np.array([103.53, 116.28, 123.675])
        scores = net.forward(data=pixels.transpose(2, 0, 1)[None])["prob"][0]
        right.append(scores.argmax() == int(row["class_id"]))
    assert np.mean(right) > 0.85

import cv2
import numpy as np
import pytest

import netdef
from netdef.layer import LAYERS
from netdef.prototxt import parse_net
from tests.refusal import refusal

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 6, 8, 3), np.uint8)
NAMES = ("a/1.png", "a/x y.png", "b/0.png", "b/z/2.png", "b/ñ.png", "c/0.png")
LABELS = [0, 0, 1, 1, 1, 2]


@pytest.fixture
def folder(tmp_path):
    for name, image in zip(NAMES, IMAGES, strict=True):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return tmp_path / "in"


def layer(source, fields="batch_size: 2", more=""):
    return (
        f'layer {{ name: "images" type: "Folder" top: "data" top: "label" {more}'
        f' folder_param {{ source: "{source}" {fields} }} }}'
    )


def net(text, phase=netdef.TEST, **options):
    return netdef.Net(parse_net(text, "net.prototxt"), phase, **options)


def test_images_come_class_by_class(folder):
    made = net(layer(folder, "batch_size: 4"))
    for numbers in ([0, 1, 2, 3], [4, 5, 0, 1]):
        got = made.forward()
        np.testing.assert_array_equal(got["data"], IMAGES[numbers].transpose(0, 3, 1, 2))
        assert got["label"].tolist() == [LABELS[i] for i in numbers]
    made.close()


def test_every_field_arrives(folder):
    fields = "batch_size: 1 new_height: 5 new_width: 4 is_color: false"
    made = net(layer(folder, fields, more="transform_param { crop_size: 4 scale: 2 }"))
    gray = cv2.imdecode(np.frombuffer((folder / NAMES[0]).read_bytes(), np.uint8), 0)
    np.testing.assert_array_equal(made.forward()["data"][0, 0], 2.0 * cv2.resize(gray, (4, 5))[:4])
    made.close()


def test_a_shuffled_round_has_every_image_once_and_goes_on_where_it_was(folder):
    kind = LAYERS["Folder"](source=str(folder), batch_size=6, shuffle=True)
    opened = kind.open(("data", "label"), 3)
    first = opened.next()[0].copy()
    state = opened.state()
    second = opened.next()[0].copy()
    opened.restore(state)
    np.testing.assert_array_equal(opened.next()[0], second)
    opened.close()
    assert not np.array_equal(first, second)
    for images in (first, second):
        assert sorted(images.sum(axis=(1, 2, 3)).tolist()) == sorted(
            IMAGES.sum(axis=(1, 2, 3)).tolist()
        )


def test_a_damaged_image_is_named(folder):
    (folder / "a/1.png").write_bytes(b"x")
    assert refusal(layer(folder)) == (
        f"net.prototxt:1: layer 'images' (Folder): {folder}: {folder}/a/1.png: its 1 bytes are not"
        " an image that OpenCV reads; it is damaged or of an unknown format"
    )


def test_large_jpegs_may_be_decoded_smaller(folder):
    large = cv2.resize(IMAGES[0], (80, 60), interpolation=cv2.INTER_CUBIC)
    (folder / "a/0.jpg").write_bytes(cv2.imencode(".jpg", large)[1].tobytes())
    fields = "batch_size: 1 new_height: 6 new_width: 8"
    got = []
    for more in ("", "reduced_decoding: true"):
        made = net(layer(folder, f"{fields} {more}"))
        got.append(made.forward()["data"].copy())
        made.close()
    assert got[0].shape == got[1].shape and not np.array_equal(*got)
    assert refusal(layer(folder, "batch_size: 1 reduced_decoding: true")) == (
        "net.prototxt:1: layer 'images' (Folder): reduced_decoding needs the size that"
        " images become: set resize or min_crop_area in transform_param"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (layer("nowhere"), "nowhere: no such folder"),
        (layer("x", "batch_size: 0"), "batch_size must be at least 1, got 0"),
        (layer("x", ""), "folder_param must set batch_size"),
    ],
)
def test_what_is_refused(text, message):
    assert refusal(text) == f"net.prototxt:1: layer 'images' (Folder): {message}"

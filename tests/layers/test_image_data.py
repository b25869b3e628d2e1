import cv2
import numpy as np
import pytest

import netdef
from netdef.layer import LAYERS
from netdef.prototxt import parse_net
from tests.refusal import refusal

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), np.uint8)


@pytest.fixture
def listed(tmp_path):
    for i, image in enumerate(IMAGES):
        cv2.imwrite(str(tmp_path / f"{i}.png"), image)
    (tmp_path / "list.txt").write_text("".join(f"{i}.png {i}\n" for i in range(4)))
    return tmp_path / "list.txt"


def layer(source, fields="batch_size: 2", tops='top: "data" top: "label"', more=""):
    return (
        f'layer {{ name: "images" type: "ImageData" {tops} {more}'
        f' image_data_param {{ source: "{source}" {fields} }} }}'
    )


def net(text, phase=netdef.TEST, **options):
    return netdef.Net(parse_net(text, "net.prototxt"), phase, **options)


def test_every_field_arrives(listed):
    fields = (
        f'batch_size: 2 root_folder: "{listed.parent}/" new_height: 5 new_width: 4 is_color: false'
    )
    made = net(layer(listed, fields, more="transform_param { crop_size: 4 scale: 2 }"))
    for first in (0, 2, 0):
        got = made.forward()
        assert got["label"].tolist() == [first, first + 1]
        for found, i in zip(got["data"], (first, first + 1), strict=True):
            gray = cv2.imread(str(listed.parent / f"{i}.png"), cv2.IMREAD_GRAYSCALE)
            np.testing.assert_array_equal(found[0], 2.0 * cv2.resize(gray, (4, 5))[:4])
    made.close()


def test_labels_of_several_numbers(listed):
    listed.write_text("".join(f"{i}.png {i} 0.5 -{i}e1\n" for i in range(4)))
    root = f'root_folder: "{listed.parent}/"'
    made = net(layer(listed, f"batch_size: 3 labels: 3 {root}"))
    assert made.forward()["label"].tolist() == [[i, 0.5, -10 * i] for i in range(3)]
    made.close()
    assert refusal(layer(listed, f"batch_size: 3 labels: 5 {root}")) == (
        f"net.prototxt:1: layer 'images' (ImageData): {listed}:1: 3 labels; give a name and 5"
        " numbers"
    )


def test_random_fields_follow_the_seed(listed):
    root = f'root_folder: "{listed.parent}/"'
    texts = [layer(listed, f"batch_size: 4 {root} {f}") for f in ("shuffle: true", "rand_skip: 4")]
    for text in texts:
        rounds = set()
        for seed in range(8):
            made, again = (net(text, netdef.TRAIN, seed=seed) for _ in range(2))
            numbers = made.forward()["label"].tolist()
            assert numbers == again.forward()["label"].tolist()
            assert sorted(numbers) == [0, 1, 2, 3]
            rounds.add(tuple(numbers))
            made.close()
            again.close()
        assert len(rounds) > 2


def test_the_phase_decides_where_crops_are_cut(listed):
    more = "transform_param { crop_size: 5 }"
    text = layer(listed, f'batch_size: 4 root_folder: "{listed.parent}/"', more=more)
    centre = IMAGES.transpose(0, 3, 1, 2)[:, :, :5, 1:6]
    made, other = net(text), net(text, netdef.TRAIN, seed=0)
    np.testing.assert_array_equal(made.forward()["data"], centre)
    assert not np.array_equal(other.forward()["data"], centre)
    made.close()
    other.close()


def test_types_of_fields():
    kind = LAYERS["ImageData"](source="list.txt", batch_size=1)
    assert (kind.is_color, kind.new_height, kind.root_folder) == (True, 0, None)


def test_a_line_without_its_image(listed):
    listed.write_text("0.png 0\nnowhere.png 1\n")
    made = net(layer(listed, f'batch_size: 2 root_folder: "{listed.parent}/"'))
    with pytest.raises(netdef.errors.DataError) as caught:
        made.forward()
    assert str(caught.value) == (
        f"net.prototxt:1: layer 'images' (ImageData): {listed}:2: {listed.parent}/nowhere.png:"
        " no such file or folder"
    )
    made.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (layer("nowhere.txt"), "nowhere.txt: no such file or folder"),
        (layer("x", "batch_size: 0"), "batch_size must be at least 1, got 0"),
        (
            layer("x", "batch_size: 1 new_width: 9"),
            "give new_height and new_width, in pixels, or none of them",
        ),
        (
            'layer { name: "images" type: "ImageData" top: "data" top: "label" }',
            "image_data_param must set source",
        ),
        (layer("x", tops='top: "data"'), "takes 2 tops, got 1"),
    ],
)
def test_what_is_refused(text, message):
    assert refusal(text) == f"net.prototxt:1: layer 'images' (ImageData): {message}"

import cv2
import numpy as np
import pytest

import netdef
from netdef.errors import DataError, NetdefError
from netdef.io.blobs import write_blob
from netdef.prototxt import parse_net
from tests.refusal import refusal

IMAGES = np.random.default_rng(5).integers(0, 256, (2, 3, 20, 30), np.uint8)
# class, overlap, box: the first of each image is an object, the second background,
# the third neither.
WINDOWS = [
    [(4, 0.7, 3, 2, 12, 11), (2, 0.1, 0, 0, 9, 9), (5, 0.4, 1, 1, 10, 10)],
    [(7, 0.6, 20, 10, 29, 19), (3, 0.2, 5, 5, 14, 14), (6, 0.3, 2, 2, 11, 11)],
]
FIELDS = "batch_size: 10 fg_fraction: 0.7 fg_threshold: 0.6 bg_threshold: 0.3"


@pytest.fixture
def listed(tmp_path):
    lines = []
    for i, (image, windows) in enumerate(zip(IMAGES, WINDOWS, strict=True)):
        cv2.imwrite(str(tmp_path / f"{i}.png"), image.transpose(1, 2, 0))
        lines += [f"# {i}", f"{i}.png", "3", "20", "30", str(len(windows))]
        lines += [" ".join(map(str, w)) for w in windows]
    (tmp_path / "windows.txt").write_text("\n".join(lines))
    return tmp_path / "windows.txt"


def layer(source, fields=FIELDS, transform="crop_size: 10", root=""):
    root = f'root_folder: "{root}/"' if root else ""
    return (
        f'layer {{ name: "windows" type: "WindowData" top: "data" top: "label"\n'
        f" transform_param {{ {transform} }}"
        f' window_data_param {{ source: "{source}" {fields} {root} }} }}'
    )


def net(listed, fields=FIELDS, transform="crop_size: 10", seed=0):
    text = layer(listed, fields, transform, listed.parent)
    return netdef.Net(parse_net(text, "net.prototxt"), netdef.TRAIN, seed=seed)


def batches(listed, count, *options, **more):
    made = net(listed, *options, **more)
    got = []
    for _ in range(count):
        tops = made.forward()
        got.append((tops["data"].copy(), tops["label"].tolist()))
    made.close()
    return got


def pixels(image, window):
    _, _, left, top, right, bottom = window
    return IMAGES[image, :, top : bottom + 1, left : right + 1].astype("f")


def test_background_first_then_objects(listed):
    background = [pixels(i, WINDOWS[i][1]) for i in (0, 1)]
    objects = {WINDOWS[i][0][0]: pixels(i, WINDOWS[i][0]) for i in (0, 1)}
    seen = set()
    for data, labels in batches(listed, 4):
        assert labels[:3] == [0, 0, 0]  # 0.7 of 10 are objects, in float32
        for image in data[:3]:
            matches = [np.array_equal(image, one) for one in background]
            assert sum(matches) == 1
            seen.add(("background", matches.index(True)))
        for image, label in zip(data[3:], labels[3:], strict=True):
            np.testing.assert_array_equal(image, objects[label])
            seen.add(("object", label))
    assert len(seen) == 4


@pytest.mark.parametrize("cached", ["false", "true"])
def test_windows_depend_on_the_seed_only(listed, cached):
    fields = f"{FIELDS} cache_images: {cached}"
    first = batches(listed, 3, fields, "crop_size: 10 mirror: true")
    again = batches(listed, 3, fields, "crop_size: 10 mirror: true")
    other = batches(listed, 3, fields, "crop_size: 10 mirror: true", seed=1)
    for (a, m), (b, n) in zip(first, again, strict=True):
        assert m == n
        np.testing.assert_array_equal(a, b)
    assert [n for _, n in first] != [n for _, n in other]


def test_cached_images_are_read_once(listed):
    made = net(listed, f"{FIELDS} cache_images: true")
    for _ in range(5):
        made.forward()
    made.sources["windows"].restore({"position": 0})
    before = made.forward()["label"].tolist()
    for path in listed.parent.glob("*.png"):
        path.unlink()
    made.sources["windows"].restore({"position": 0})
    assert made.forward()["label"].tolist() == before
    made.close()


def test_other_images_are_read_each_time(listed):
    made = net(listed, "batch_size: 1 fg_fraction: 1 fg_threshold: 0.7")
    assert made.forward()["data"].any()
    made.sources["windows"].restore({"position": 0})
    cv2.imwrite(str(listed.parent / "0.png"), np.zeros((20, 30, 3), np.uint8))
    assert not made.forward()["data"].any()
    made.close()


def test_scale_may_stand_where_caffe_reads_it(listed):
    wanted = batches(listed, 1, FIELDS, "crop_size: 10 scale: 0.5")[0]
    for more in ("scale: 0.5", "scale: 3"):
        change = "crop_size: 10" + (" scale: 0.5" if more == "scale: 3" else "")
        got = batches(listed, 1, f"{FIELDS} {more}", change)[0]
        np.testing.assert_array_equal(got[0], wanted[0])


def test_mirrored_and_with_the_mean_and_scale(listed):
    (plain, labels), (mirrored, others) = (
        batches(listed, 1, FIELDS, f"crop_size: 10 scale: 0.5 mean_value: 1 mean_value: 2 "
                f"mean_value: 3 mirror: {flag}")[0] for flag in ("false", "true")
    )  # fmt: skip
    assert labels == others
    mean = np.array([1, 2, 3], "f").reshape(3, 1, 1)
    objects = {w[0][0]: pixels(i, w[0]) for i, w in enumerate(WINDOWS)}
    flipped = 0
    for image, mirror, label in zip(plain[3:], mirrored[3:], labels[3:], strict=True):
        np.testing.assert_array_equal(image, (objects[label] - mean) / 2)
        if np.array_equal(mirror, image[..., ::-1]):
            flipped += 1
        else:
            np.testing.assert_array_equal(mirror, image)
    assert 0 < flipped < 7


def test_the_middle_of_a_mean_image_and_padding(listed):
    mean = np.random.default_rng(6).normal(size=(1, 3, 14, 14)).astype("f")
    write_blob(listed.parent / "mean.binaryproto", mean)
    transform = f'crop_size: 12 mean_file: "{listed.parent}/mean.binaryproto"'
    fields = "batch_size: 4 fg_fraction: 1 fg_threshold: 0.6 context_pad: 2 crop_mode: 'square'"
    listed.write_text("# 0\n0.png 3 20 30 1\n8 0.9 0 16 3 19\n")
    ((data, labels),) = batches(listed, 1, fields, transform)
    assert labels == [8, 8, 8, 8]
    part = IMAGES[0, :, 15:20, :6].transpose(1, 2, 0)
    expected = np.zeros((3, 12, 12), "f")  # as in test_window_crop
    expected[:, :9, 2:] = cv2.resize(part, (10, 9)).transpose(2, 0, 1)
    expected[:, :9, 2:] -= mean[0, :, 1:10, 3:13]
    for image in data:
        np.testing.assert_allclose(image, expected, rtol=1e-6)


def test_the_state_goes_on_where_it_was(listed):
    first = batches(listed, 4)
    made = net(listed)
    made.sources["windows"].restore({"position": 20})
    assert made.forward()["label"].tolist() == first[2][1]
    assert made.sources["windows"].state() == {"position": 30}
    made.close()


def test_a_missing_image(listed):
    (listed.parent / "0.png").unlink()
    (listed.parent / "1.png").unlink()
    made = net(listed, "batch_size: 1 fg_fraction: 1 fg_threshold: 0.7")
    with pytest.raises(DataError) as caught:
        made.forward()
    assert str(caught.value) == (
        f"net.prototxt:1: layer 'windows' (WindowData): {listed}:7: {listed.parent}/0.png: no such"
        " file or folder"
    )
    made.close()


@pytest.mark.parametrize(
    ("fields", "transform", "message"),
    [
        ("batch_size: 1", "", "transform_param must set crop_size, the side of the windows in"
         " pixels"),
        ("batch_size: 1 crop_mode: 'round'", "crop_size: 8",
         "crop_mode must be warp or square, got 'round'"),
        ("batch_size: 1 context_pad: 4", "crop_size: 8",
         "context_pad 4 leaves no pixel of crop_size 8; make it less than half"),
        ("batch_size: 1 fg_fraction: 2", "crop_size: 8", "fg_fraction must be at most 1, got 2"),
        ("", "crop_size: 8", "window_data_param must set batch_size"),
        ("batch_size: 1", "crop_size: 8 mean_value: 1 mean_value: 2",
         "2 mean_values for 3 channels; give 1 or 3"),
        ("batch_size: 1", "crop_size: 8 mean_value: 1 mean_file: 'm'",
         "mean_file and mean_value exclude each other; remove one"),
        ("batch_size: 1", "crop_size: 8 hue: 5", "hue is not for windows; remove it"),
        ("batch_size: 1", "crop_size: 8 mean_file: 'MEAN'",
         "mean_file MEAN has the shape (3, 9, 7); it needs 3 channels and at least crop_size 8"
         " pixels a side"),
        ("batch_size: 8 fg_threshold: 0.9", "crop_size: 8",
         "LIST: no window has an overlap from fg_threshold 0.9 on, but each batch takes 2; change"
         " the threshold or fg_fraction"),
        ("batch_size: 8 bg_threshold: 0.05", "crop_size: 8",
         "LIST: no window has an overlap below bg_threshold 0.05, but each batch takes 6; change"
         " the threshold or fg_fraction"),
        ("batch_size: 1 fg_threshold: 0", "crop_size: 8",
         "LIST:8: an object has the class 0; classes of objects begin at 1"),
    ],
)  # fmt: skip
def test_what_is_refused(listed, fields, transform, message):
    mean = listed.parent / "mean"
    write_blob(mean, np.zeros((3, 9, 7), "f"))
    listed.write_text(listed.read_text().replace("2 0.1 0", "0 0.1 0"))
    text = layer(listed, fields, transform.replace("MEAN", str(mean)))
    found = refusal(text, error=NetdefError).replace(str(mean), "MEAN").replace(str(listed), "LIST")
    assert found == f"net.prototxt:1: layer 'windows' (WindowData): {message}"

import numpy as np
import pytest

from netdef.data import normalization
from netdef.data.mean_image import write_mean
from netdef.data.random_parts import cut_parts
from netdef.data.transformer import Transformer
from netdef.proto import TEST, TRAIN, TransformationParameter
from netdef.shape import Shape

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (40, 3, 9, 12), np.uint8)


def test_each_part_is_where_it_is_said():
    corners = np.column_stack([RANDOM.integers(0, 5, 40), RANDOM.integers(0, 6, 40)])
    mirrored = RANDOM.integers(0, 2, 40).astype(bool)
    parts = cut_parts(IMAGES, corners, (5, 7), mirrored)
    assert parts.dtype == np.uint8
    for image, (top, left), is_turned, part in zip(IMAGES, corners, mirrored, parts, strict=True):
        wanted = image[:, top : top + 5, left : left + 7]
        np.testing.assert_array_equal(part, wanted[..., ::-1] if is_turned else wanted)
    assert mirrored.any() and not mirrored.all()


@pytest.mark.parametrize("mean", ["", "values", "file"])
@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("fields", [{"crop_size": 5}, {"mirror": True}, {"scale": 0.37}])
@pytest.mark.parametrize("pixels", [IMAGES, IMAGES + np.float32(0.3)])
def test_many_at_once_are_as_one_after_the_other(
    tmp_path, monkeypatch, mean, phase, fields, pixels
):
    param = TransformationParameter(**{"crop_size": 7, "mirror": True, **fields})
    if mean == "values":
        param.mean_value.extend([1.5, 2, 3])
    if mean == "file":
        param.mean_file = str(tmp_path / "mean")
        write_mean(RANDOM.random((3, 9, 12)).astype(np.float32), param.mean_file)
    made = Transformer(param, phase, 3, "stream")
    found = []
    for small, images in ((0, list(pixels)), (1 << 13, list(pixels)), (1 << 13, pixels)):
        monkeypatch.setattr(normalization, "SMALL", small)
        found.append(np.empty((40, *made.shape(Shape(pixels.shape[1:]))), np.float32))
        made.apply(images, 6, found[-1])
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Interp = LAYERS["Interp"]


def by_hand(image, rows, columns):
    """Return an image resized so that its corners stay, pixel by pixel."""
    height, width = image.shape[2:]
    y = np.zeros((*image.shape[:2], rows, columns))
    for i, j in np.ndindex(rows, columns):
        v = i * (height - 1) / (rows - 1) if rows > 1 else 0
        u = j * (width - 1) / (columns - 1) if columns > 1 else 0
        top, left = int(v), int(u)
        for row, down in ((top, 1 - v + top), (top + 1, v - top)):
            for column, right in ((left, 1 - u + left), (left + 1, u - left)):
                if down * right:
                    pixel = image[:, :, min(row, height - 1), min(column, width - 1)]
                    y[:, :, i, j] += down * right * pixel
    return y


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        (dict(height=9, width=7), (9, 7)),
        (dict(height=2, width=3), (2, 3)),
        (dict(height=1, width=1), (1, 1)),
        (dict(zoom_factor=3), (13, 10)),
        (dict(shrink_factor=2), (3, 2)),
        (dict(zoom_factor=2, shrink_factor=2), (5, 3)),
        (dict(zoom_factor=2, pad_beg=-1), (7, 5)),
        (dict(height=4, width=4, pad_beg=-1, pad_end=-2), (4, 4)),
        ({}, (5, 4)),
    ],
)
def test_interp(fields, size):
    layer, shape = Interp(**fields), (2, 3, 5, 4)
    assert layer.infer(Shape(shape)).tops == [(2, 3, *size)]
    x = np.random.default_rng(0).standard_normal(shape)
    inside = x[:, :, -layer.pad_beg : 5 + layer.pad_end, -layer.pad_beg : 4 + layer.pad_end]
    y = Trial.on(layer, x).forward()[0]
    np.testing.assert_allclose(y, by_hand(inside, *size), atol=1e-6)
    check_gradient(layer, shape)


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ("height: 4", (1, 1, 2, 2), "give both height and width"),
        (
            "height: 4 width: 4 zoom_factor: 2",
            (1, 1, 2, 2),
            "give height and width, or zoom_factor and shrink_factor, not both",
        ),
        ("zoom_factor: 0", (1, 1, 2, 2), "zoom_factor must be at least 1, got 0"),
        ("pad_beg: 1", (1, 1, 2, 2), "pad_beg must be at most 0, got 1"),
        (
            "pad_beg: -1 pad_end: -1",
            (1, 1, 2, 2),
            "pad_beg and pad_end leave nothing of (1, 1, 2, 2)",
        ),
        ("", (1, 2, 2), "a bottom of shape (1, 2, 2) is no (N, C, H, W)"),
    ],
)
def test_what_is_refused(fields, shape, message):
    layer = f'type: "Interp" top: "y" interp_param {{ {fields} }}'
    assert layer_refusal(layer, shape) == f"(Interp): {message}"

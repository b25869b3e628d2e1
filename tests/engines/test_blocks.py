"""Where the gradient of a weight is taken in blocks of channels: where that was measured faster."""

import pytest

from netdef.engines.onednn.weight_gradient import _blocks
from netdef.engines.scratch import fake
from netdef.window import Window

BLOCKS = ("aBcd16b", "aBcd16b")


@pytest.mark.parametrize(
    ("batch", "inputs", "size", "outputs", "kernel", "stride", "layouts"),
    [
        (16, 256, 14, 1024, 1, 1, BLOCKS),
        (16, 64, 56, 256, 1, 1, BLOCKS),
        (16, 256, 56, 64, 1, 1, None),
        (32, 16, 56, 64, 3, 1, BLOCKS),
        (16, 64, 56, 128, 3, 2, BLOCKS),
        (16, 256, 14, 256, 3, 1, None),
        (32, 96, 27, 256, 5, 1, None),
        (16, 3, 224, 64, 7, 2, ("abcd", "aBcd16b")),
        (64, 20, 12, 50, 5, 1, None),
    ],
)
def test_the_rule(batch, inputs, size, outputs, kernel, stride, layouts):
    assert chosen(batch, inputs, size, outputs, kernel, stride) == layouts


def chosen(batch, inputs, size, outputs, kernel, stride):
    """Ask with arrays that have no memory: a test that fails must not print them."""
    window = Window((kernel,) * 2, (stride,) * 2, (kernel // 2,) * 2, (1, 1))
    x = fake((batch, inputs, size, size), "float32")
    dy = fake((batch, outputs, *window.slide((size, size))), "float32")
    return _blocks(x, dy, window, 1)

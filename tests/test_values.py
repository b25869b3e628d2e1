"""Views of values, applied to arrays as they lie in memory."""

import numpy as np
import pytest

from netdef.engines.scratch import fake
from netdef.shape import Shape
from netdef.values import Value

IMAGES = Value("blob", "images", Shape((6, 3, 4, 5)))


def test_a_view_shows_the_memory_of_the_array_itself():
    array = np.arange(360.0).reshape(IMAGES.shape)
    shown = IMAGES.reshape(6, -1)[2:].transpose(1, 0).of(array)
    assert np.array_equal(shown, array.reshape(6, 60)[2:].T)
    assert np.shares_memory(shown, array)


def test_a_view_that_the_order_in_memory_forbids_is_refused_without_a_copy():
    # So large that a copy would be noticed, by a lack of memory if by nothing else.
    value = Value("blob", "images", Shape((1 << 30, 3, 64, 64)))
    with pytest.raises(ValueError, match="copy"):
        value.reshape(1 << 30, -1).of(fake(value.shape, "float32", (0, 2, 3, 1)))


def test_a_view_of_images_in_another_order_that_needs_no_copy():
    lying = fake(IMAGES.shape, "float32", (0, 2, 3, 1))
    assert IMAGES.reshape(6, 3, 20).of(lying).strides == (240, 4, 12)

"""Weights that take another shape."""

import cv2
import numpy as np
import pytest

from netdef.errors import WeightsError
from netdef.weight_resizing import resized

RNG = np.random.default_rng(0)


def kernels(*shape):
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("old", "new"), [((3, 3), (5, 5)), ((3, 4), (7, 2)), ((1, 1), (3, 3))])
def test_kernels_are_resampled_as_opencv_does_and_keep_their_sum_of_an_even_picture(old, new):
    values, now = kernels(2, 3, *old), kernels(2, 3, *new)
    found = resized(values, now)
    share = np.prod(old) / np.prod(new)
    for place in np.ndindex(2, 3):
        theirs = cv2.resize(values[place], new[::-1], interpolation=cv2.INTER_LINEAR) * share
        np.testing.assert_allclose(found[place], theirs, rtol=1e-5, atol=1e-6)


def test_an_even_kernel_gives_an_even_picture_what_it_gave():
    even = np.full((1, 1, 3, 3), 2.0, np.float32)
    assert resized(even, kernels(1, 1, 5, 5)).sum() == pytest.approx(18, rel=1e-6)


def test_of_other_axes_the_first_entries_are_copied_and_new_ones_stay():
    values, now = kernels(4, 3), kernels(2, 5)
    found = resized(values, now)
    np.testing.assert_array_equal(found[:, :3], values[:2])
    np.testing.assert_array_equal(found[:, 3:], now[:, 3:])


def test_both_at_once():
    values, now = kernels(2, 3, 3, 3), kernels(3, 1, 5, 5)
    found = resized(values, now)
    np.testing.assert_array_equal(found[:2], resized(values[:, :1], now[:2]))
    np.testing.assert_array_equal(found[2], now[2])


def test_what_is_there_is_not_changed():
    now = kernels(2, 3)
    before = now.copy()
    resized(kernels(2, 2), now)
    np.testing.assert_array_equal(now, before)


def test_other_numbers_of_axes():
    with pytest.raises(WeightsError) as caught:
        resized(kernels(2, 3, 1, 1), kernels(2, 3))
    assert str(caught.value) == (
        "the shapes (2, 3, 1, 1) and (2, 3) have different numbers of axes, so one cannot be"
        " resized to the other; rename the layer to start it afresh"
    )

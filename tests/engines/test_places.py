"""The index arithmetic of kernels, its expressions run by NumPy in the ints of a GPU.

g++ runs the kernels themselves elsewhere, on small arrays; here are those that no memory holds.
"""

import re

import numpy as np
import pytest

from netdef.engines.cupy import kernels
from netdef.engines.cupy.places import Axes, axes_of, strides_of
from netdef.engines.engine import Refused
from netdef.engines.scratch import fake

TEXT = kernels.source("map", "float32")
OUTERMOST, OUTER, STEP = (
    re.search(pattern, TEXT)[1]
    for pattern in (
        r"return (at \+ i \* strides\.of\[a\]);",
        r"const int outer = (i / axes\.size\[a\]);",
        r"at \+= (\(i - outer \* axes\.size\[a\]\) \* strides\.of\[a\]);",
    )
)
"""The expressions of ``place`` in places.cu."""


def place(sizes, strides, i):
    """Return where the i-th places lie, by the kernel's expressions."""

    def value(expression, a, **names):
        text = expression.replace("axes.size[a]", "size").replace("strides.of[a]", "stride")
        found = eval(text.replace("/", "//"), dict(size=sizes[a], stride=strides[a], **names))
        assert (np.abs(found) < 2**31).all(), "an int of the GPU's would overflow"
        return found

    at = np.zeros(np.shape(i), np.int64)
    for a in range(len(sizes) - 1):
        outer = value(OUTER, a, i=i)
        at = at + value(STEP, a, i=i, outer=outer)
        i = outer
    return value(OUTERMOST, len(sizes) - 1, i=i, at=at)


def views(rng):
    """Return views of one shape of random memory, of up to 5 axes, some broadcast."""
    shape = tuple(rng.integers(1, 5, rng.integers(1, 6)).tolist())

    def view():
        order = rng.permutation(len(shape))
        steps = rng.integers(1, 3, len(shape))  # some are every second one of a longer axis
        whole = np.empty([shape[k] * steps[k] for k in order], "int32")
        lying = whole.transpose(np.argsort(order))
        part = lying[tuple(slice(None, None, step) for step in steps)]
        once = tuple(slice(0, 1) if rng.random() < 0.2 else slice(None) for _ in shape)
        return np.broadcast_to(part[once], shape)

    return [view() for _ in range(3)]


def addresses(array):
    """Return, for each of its places in C order, where in memory the number lies."""
    at = np.zeros(array.shape, np.int64)
    for axis, (size, stride) in enumerate(zip(array.shape, strides_of(array), strict=True)):
        along = np.arange(size) * stride
        at += along.reshape([-1 if k == axis else 1 for k in range(array.ndim)])
    return at.ravel()


@pytest.mark.parametrize("seed", range(60))
def test_all_arrays_are_seen_at_the_same_places(seed):
    """Each place once, in whatever order, and in all arrays the number of the same place."""
    arrays = views(np.random.default_rng(seed))
    try:
        axes = axes_of(arrays[0].shape, *map(strides_of, arrays))
    except Refused:
        pytest.skip("more axes than a kernel takes lie apart")
    i = np.arange(axes.count)
    found = sorted(zip(*(place(axes.sizes, s, i).tolist() for s in axes.strides), strict=True))
    assert found == sorted(zip(*(addresses(a).tolist() for a in arrays), strict=True))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 2, 3, 0), (0, 2, 3, 1)])
@pytest.mark.parametrize("shape", [(255, 3, 1674, 1676), (2, 2**15 - 1, 2, 2**14 - 1)])
def test_no_int_overflows_in_the_largest_arrays(shape, order):
    array, other = fake(shape, "float32", order), fake(shape, "float32")
    assert 0.9 * 2**31 < array.size < 2**31
    axes = axes_of(shape, strides_of(array), strides_of(other))
    threads = kernels.THREADS
    i = np.array([0, 1, axes.count // 2, axes.count - 1])
    for strides in axes.strides:
        found = place(axes.sizes, strides, i)
        assert (found >= 0).all() and found[-1] == axes.count - 1
    blocks = -(-axes.count // threads)
    assert blocks * threads < 2**31  # the number of the last thread is an int, too


@pytest.mark.parametrize("count", [2**31 - 2**12, 2**31])
def test_larger_ones_are_refused(count):
    with pytest.raises(Refused, match=r"no array of about 2\*\*31 numbers or more"):
        strides_of(fake((1 + count,), "float32"))


def test_what_is_packed_is_what_the_kernel_reads():
    axes = Axes((4, 3), ((1, 8), (3, 0)))
    assert axes.packed() == [2, 4, 3, 1, 1, 1]
    assert axes.packed_strides() == [[1, 8, 0, 0, 0], [3, 0, 0, 0, 0]]
    assert re.search(r"struct Axes \{\s*int rank;\s*int size\[5\];\s*\};", TEXT)
    assert re.search(r"struct Strides \{\s*int of\[5\];\s*\};", TEXT)

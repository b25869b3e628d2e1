"""Labels that are none of the classes, found by the GPU's own kernels."""

import re

import numpy as np
import pytest

from netdef.errors import DataError
from tests.engines.primitives import RNG, Case, normal
from tests.engines.test_agree import laid
from tests.engines.test_cupy import engine_for, on_device

SHAPE, OF_LABELS = (3, 5, 4, 2), (3, 1, 4, 2)
OPTIONS = {
    "softmax_loss": dict(normalization="VALID"),
    "accuracy": dict(top_k=2),
    "one_hot": {},
}
ABSENT = {"softmax_loss": ("probability",), "accuracy": ("per_class",), "one_hot": ()}
NUMBERS = {"softmax_loss": ("out", "normalizer"), "accuracy": ("out",), "one_hot": ()}


def with_labels(xp, primitive, order, *wrong):
    """Return an engine, its call, and images of labels, some of them wrong."""
    label = RNG.integers(0, 5, OF_LABELS).astype(float)
    arrays = {"label": on_device(xp, laid(label, "float32", order))}
    for place, number in wrong:
        arrays["label"][place] = number
    scores = on_device(xp, laid(normal(*SHAPE), "float32", order))
    arrays["out" if primitive == "one_hot" else "x"] = scores
    arrays |= {name: xp.zeros((), "float32") for name in NUMBERS[primitive]}
    options, absent = dict(axis=1, ignore=-1) | OPTIONS[primitive], ABSENT[primitive]
    engine = engine_for(xp, Case(primitive, {}, {}, options, absent), arrays)
    return engine, engine.prepare(primitive, arrays | dict.fromkeys(absent), options), arrays


def look(engine):
    engine.checks.judge([array.get() for array in engine.checks.arrays])


@pytest.mark.parametrize("primitive", OPTIONS)
@pytest.mark.parametrize("order", ["plain", "batch innermost", "channels innermost"])
@pytest.mark.parametrize(
    ("number", "shown"), [(5, "5"), (-2, "-2"), (np.nan, "-2147483647"), (5.9, "5")]
)
def test_a_label_that_is_no_class(primitive, order, number, shown, xp):
    wrong = ((2, 0, 0, 0), 7), ((1, 0, 3, 1), number)
    engine, call, arrays = with_labels(xp, primitive, order, ((0, 0, 0, 0), -1), *wrong)
    message = (
        f"label {shown} (item 1 of the batch) is outside the 5 classes 0 to 4; correct the label,"
        " or the number of outputs below"
    )
    call()
    for place, _ in wrong:
        arrays["label"][place] = 2
    call()  # what was found stays until somebody looks
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        look(engine)
    call()
    look(engine)


@pytest.mark.parametrize("primitive", OPTIONS)
def test_the_first_pass_that_found_something_is_told_of(primitive, xp):
    engine, call, arrays = with_labels(xp, primitive, "plain", ((0, 0, 0, 0), 9))
    call()
    arrays["label"][0, 0, 0, 0], arrays["label"][0, 0, 1, 0] = 8, 7
    call()
    with pytest.raises(DataError, match=r"^label 9 \(item 0 of the batch\) is outside"):
        look(engine)


@pytest.mark.parametrize("primitive", OPTIONS)
def test_labels_that_do_not_count_are_not_looked_at(primitive, xp):
    everywhere = [(place, -1) for place in np.ndindex(OF_LABELS)]
    engine, call, arrays = with_labels(xp, primitive, "plain", *everywhere)
    call()
    look(engine)
    assert not arrays["out"].get().any()


def test_more_scores_than_threads_and_more_lines_than_blocks_put_together(xp):
    """The reference agrees elsewhere, on few; here are enough to be put together in two steps."""
    x, label = normal(700, 300), RNG.integers(0, 300, 700).astype(float)
    out, each = xp.zeros((), "float64"), xp.zeros(300)
    arrays = dict(x=xp.asarray(x), label=xp.asarray(label), out=out, per_class=each)
    options = dict(axis=1, top_k=40, ignore=None)
    engine = engine_for(xp, Case("accuracy", {}, {}, options), arrays)
    engine.prepare("accuracy", arrays, options)()
    places = label.astype(int)
    own = x[np.arange(700), places]
    is_found = (x >= own[:, None]).sum(1) <= 40
    assert float(out) == is_found.mean()
    counts = np.bincount(places, minlength=300)
    wanted = np.bincount(places[is_found], minlength=300) / np.maximum(counts, 1)
    np.testing.assert_array_equal(each.get(), wanted)

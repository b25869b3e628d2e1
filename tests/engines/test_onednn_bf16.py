"""Elementwise calls and PReLU of oneDNN's on bfloat16: computed in float32, and rounded once."""

import ml_dtypes
import numpy as np
import pytest

from netdef.engines import Refused, Scratch
from netdef.engines.available import why_no_onednn
from netdef.engines.numpy import NumpyEngine

if why_no_onednn():
    pytest.skip(f"needs oneDNN: {why_no_onednn()}", allow_module_level=True)

from netdef.engines.onednn import OneDnnEngine

SHAPE = (3, 32, 31, 29)
random = np.random.default_rng(0)


def image(dtype=ml_dtypes.bfloat16):
    lying = random.standard_normal((3, 31, 29, 32)).astype(dtype)
    return lying.transpose(0, 3, 1, 2)


def vector(*shape):
    return random.standard_normal(shape).astype(np.float32)


def computed(primitive, arrays, options, kind):
    """Return what a call writes, in float64; its targets begin at 0."""
    targets = {k: np.zeros_like(a) for k, a in arrays.items() if k.startswith(("out", "add"))}
    counter = kind(scratch=Scratch())
    counter.prepare(primitive, arrays | targets, options)
    engine = kind(scratch=Scratch(np, np.zeros(counter.scratch.bytes, np.uint8)))
    engine.prepare(primitive, arrays | targets, options)()
    return {k: np.asarray(a, float) for k, a in targets.items()}


def assert_as_numpy(primitive, arrays, options):
    found = computed(primitive, arrays, options, OneDnnEngine)
    for role, wanted in computed(primitive, arrays, options, NumpyEngine).items():
        if role == "out":
            unit = 2.0**-7  # of the last of 8 bits
            np.testing.assert_allclose(found[role], wanted, rtol=unit, atol=1e-5)
            assert (found[role] == wanted).mean() > 0.99
        else:
            scale = np.abs(wanted).max()
            np.testing.assert_allclose(found[role], wanted, rtol=0, atol=2e-5 * scale)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0.5 * tanh(0.5 * x) + 0.5", ""),
        ("dy * (1 - x * x)", ""),
        ("maximum(x, 0) + exp(minimum(x, 0)) - 1", ""),
        ("dy * sign(x)", ""),
        ("dy * (x > 0) * (x < 1)", ""),
        ("x * m + wide", "m wide"),
        ("x * exp(m)", "m"),
    ],
)
def test_elementwise(text, names):
    small = dict(m=vector(1, 32, 1, 1), wide=vector(32, 1, 1))
    arrays = {k: image() for k in ("x", "dy") if k in text} | {k: small[k] for k in names.split()}
    assert_as_numpy("map", arrays | dict(out=image()), dict(expression=text, numbers={}))


@pytest.mark.parametrize("slope", [vector(32), vector()])
def test_prelu(slope):
    arrays = dict(x=image(), slope=slope)
    assert_as_numpy("prelu", arrays | dict(out=image()), {})
    more = dict(dy=image(), out=image(), add_slope=vector(*slope.shape))
    assert_as_numpy("prelu_back", arrays | more, {})


@pytest.mark.parametrize(
    ("text", "arrays", "why"),
    [
        ("(x + y) * (x - y)", dict(x=image(), y=image()), "would round what lies between passes"),
        ("x * y", dict(x=image(), y=image(np.float32)), "computes with arrays of one type only"),
        (
            "x * exp(m)",
            dict(x=image(), m=vector(1, 32, 1, 1).astype(ml_dtypes.bfloat16)),
            "only where none is to be broadcast",
        ),
    ],
    ids=["room", "mixed", "broadcast"],
)
def test_what_is_refused(text, arrays, why):
    call = arrays | dict(out=image()), dict(expression=text, numbers={})
    with pytest.raises(Refused, match=why):
        OneDnnEngine(scratch=Scratch()).prepare("map", *call)

import numpy as np
import pytest

from netdef.eager import Trial
from netdef.layer import LAYERS
from netdef.shape import Shape
from tests.gradient import check_gradient
from tests.refusal import layer_refusal

Attention = LAYERS["Attention"]


def by_hand(x, memory, weights, heads, causal):
    """Return attention head by head and place by place."""
    q, k, v = (
        source @ weights[f"{n}_weight"].T + weights.get(f"{n}_bias", 0)
        for n, source in (("query", x), ("key", memory), ("value", memory))
    )
    width = x.shape[2] // heads
    context = np.zeros_like(x)
    for n, place in np.ndindex(*x.shape[:2]):
        for first in range(0, x.shape[2], width):
            part = slice(first, first + width)
            seen = slice(place + 1 if causal else None)
            match = k[n, seen, part] @ q[n, place, part] / np.sqrt(width)
            share = np.exp(match) / np.exp(match).sum()
            context[n, place, part] = share @ v[n, seen, part]
    return context @ weights["output_weight"].T + weights.get("output_bias", 0)


@pytest.mark.parametrize("num_heads", [1, 2])
@pytest.mark.parametrize("bias_term", [False, True])
@pytest.mark.parametrize(
    ("causal", "memory"), [(False, None), (True, None), (False, (2, 5, 3)), (True, (2, 3, 2))]
)
def test_attention(num_heads, bias_term, causal, memory):
    layer = Attention(num_heads=num_heads, bias_term=bias_term, causal=causal)
    shapes = [(2, 3, 4)] if memory is None else [(2, 3, 4), memory]
    trial = Trial(layer, *shapes)
    assert trial.signature.tops == [(2, 3, 4)]
    rng = np.random.default_rng(0)
    bottoms = [rng.standard_normal(s) for s in shapes]
    weights = {name: rng.standard_normal(w.shape) for name, w in trial.weights.items()}
    y = Trial.on(layer, *bottoms, **weights).forward()[0]
    want = by_hand(bottoms[0], bottoms[-1], weights, num_heads, causal)
    np.testing.assert_allclose(y, want, rtol=1e-10)
    check_gradient(layer, *shapes)


def test_weights():
    weights = Attention().infer(Shape((2, 3, 4)), Shape((2, 5, 6))).weights
    assert [(w.name, w.shape) for w in weights] == [
        ("query_weight", (4, 4)),
        ("query_bias", (4,)),
        ("key_weight", (4, 6)),
        ("key_bias", (4,)),
        ("value_weight", (4, 6)),
        ("value_bias", (4,)),
        ("output_weight", (4, 4)),
        ("output_bias", (4,)),
    ]


def test_a_place_does_not_see_what_comes_behind_it():
    rng = np.random.default_rng(0)
    trial = Trial(Attention(num_heads=2, causal=True), (1, 4, 4))
    for weight in trial.weights.values():
        weight[...] = rng.standard_normal(weight.shape)
    trial.bottoms[0][...] = rng.standard_normal((1, 4, 4))
    before = trial.forward()[0].copy()
    trial.bottoms[0][0, 2:] += 1
    after = trial.forward()[0]
    np.testing.assert_array_equal(after[0, :2], before[0, :2])
    assert (after[0, 2:] != before[0, 2:]).all()


@pytest.mark.parametrize(
    ("fields", "shapes", "message"),
    [
        ("num_heads: 3", [(2, 3, 4)], "4 features do not divide among 3 heads"),
        ("num_heads: 0", [(2, 3, 4)], "num_heads must be at least 1, got 0"),
        (
            "",
            [(2, 3, 4), (1, 3, 4)],
            "bottoms (2, 3, 4) and (1, 3, 4) must have the axes (items, places, features)",
        ),
        (
            "",
            [(2, 3)],
            "bottoms (2, 3) and (2, 3) must have the axes (items, places, features)",
        ),
        (
            "causal: true",
            [(2, 3, 4), (2, 5, 4)],
            "causal needs as many places in the memory (2, 5, 4) as in (2, 3, 4)",
        ),
    ],
)
def test_what_is_refused(fields, shapes, message):
    layer = f'type: "Attention" top: "y" attention_param {{ {fields} }}'
    assert layer_refusal(layer, *shapes) == f"(Attention): {message}"

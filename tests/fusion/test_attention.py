"""Attention as one call forward and one backward: the same numbers, and no matches kept."""

from dataclasses import replace

import numpy as np
import pytest

import netdef
from netdef.engines.numpy import NumpyEngine
from netdef.fusion import PASSES, fuse
from netdef.graph import build
from netdef.infer import infer
from netdef.net import Net
from netdef.plan import compile_program
from netdef.prototxt import parse_net
from netdef.record import record

NET = """
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 5 dim: 12 } } }
  MEMORY
  layer { name: "seen" type: "Attention" bottom: "x" BOTTOM top: "seen"
    attention_param { num_heads: 3 FIELDS weight_filler { type: "xavier" } } PARAMS }
  layer { name: "loss" type: "Reduction" bottom: "seen" top: "loss" loss_weight: 1
    reduction_param { operation: SUMSQ } }"""
MEMORY = """
  layer { name: "m" type: "Input" top: "m" input_param { shape { dim: 2 dim: 7 dim: 4 } } }"""


class Attending(NumpyEngine):
    """The reference engine, when it asks for the pass."""

    own_passes = frozenset({"attention"})


def text(memory=False, fields="", params=""):
    with_memory = NET.replace("MEMORY", MEMORY * memory).replace("BOTTOM", 'bottom: "m"' * memory)
    return with_memory.replace("FIELDS", fields).replace("PARAMS", params)


def plan(engine, prototxt, phase=netdef.TRAIN):
    graph = build(parse_net(prototxt, "net.prototxt"), phase)
    program = record(graph, infer(graph), backward=graph.training)
    return compile_program(program, [engine], passes=tuple(PASSES))


def primitives(made):
    return [call.primitive for call in (*made.forward, *made.backward)]


VARIANTS = [
    {},
    {"memory": True},
    {"fields": "causal: true"},
    {"fields": "bias_term: false"},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_same_numbers(variant, monkeypatch):
    found = []
    for engine in (NumpyEngine, Attending):
        monkeypatch.setattr("netdef.net.engines_of", lambda *_, engine=engine: [engine()])
        net = Net(parse_net(text(**variant), "n.prototxt"), netdef.TRAIN, keep="outputs", seed=3)
        rng = np.random.default_rng(1)
        for name in net.inputs:
            net.blobs[name].data[...] = rng.normal(size=net.blobs[name].shape)
        loss = net.forward()["loss"].copy()
        net.backward()
        found.append([loss, *(np.array(b.diff) for bs in net.params.values() for b in bs)])
        assert ("attention_back" in primitives(net.plan)) == (engine is Attending)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


def test_what_is_left_and_what_it_saves():
    apart, together = (plan(engine(), text()) for engine in (NumpyEngine, Attending))
    assert "softmax" in primitives(apart)
    assert not {"softmax", "softmax_grad"} & set(primitives(together))
    assert together.values_bytes < apart.values_bytes
    matches = (2, 3, 5, 5)
    assert matches in {tuple(v.shape) for v in apart.slots}
    assert matches not in {tuple(v.shape) for v in together.slots}


def test_without_a_pass_backward():
    made = plan(Attending(), text(), netdef.TEST)
    assert "attention" in primitives(made)
    assert "softmax" not in primitives(made)


def test_gradients_that_are_not_all_wanted_stay_apart():
    """Frozen queries: nobody asks for their gradient."""
    frozen = "param { lr_mult: 0 } param { lr_mult: 0 }"
    made = plan(Attending(), text(params=frozen))
    names = set(primitives(made))
    assert "softmax_grad" in names
    assert "attention" not in names


def test_other_engines_do_not_get_it():
    assert "attention" not in primitives(plan(NumpyEngine(), text()))


def test_gradients_of_something_else_stay_apart():
    """A product in the backward pass that is with the values, not with the keys."""
    graph = build(parse_net(text(), "net.prototxt"), netdef.TRAIN)
    program = record(graph, infer(graph))
    backward = list(program.backward)
    at = max(i for i, c in enumerate(backward) if c.writes.get("out") and named(c) == "dq")
    values = next(
        c.reads["b"] for c in backward if c.options.get("trans_b") and "dmatch" in named(c)
    )
    for replaced, expected in ((backward[at].reads["b"], True), (values, False)):
        reads = backward[at].reads | {"b": replaced}
        changed = [*backward[:at], replace(backward[at], reads=reads), *backward[at + 1 :]]
        found, _ = fuse(program.forward, changed, frozenset(), True, ["attention"])
        assert ("attention" in {c.primitive for c in found}) == expected


def named(call):
    """Return the name of what a call writes, without its layer's."""
    return next(call.written_values()).name.rpartition(".")[2]

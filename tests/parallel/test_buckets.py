"""Gradients are cut where backward has finished them, and each element is in one bucket."""

import re
from pathlib import Path

import numpy as np
import pytest

from netdef.net import Net
from netdef.parallel.buckets import Bucket, buckets_of
from netdef.proto import TRAIN
from netdef.prototxt import parse_net

NETS = ["lenet", "googlenet", "resnet18"]
SHARED = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 } } }
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" param { name: "w" } param { lr_mult: 2 }
  inner_product_param { num_output: 4 } }
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b"
  param { lr_mult: 0 } param { lr_mult: 0 }
  inner_product_param { num_output: 4 } }
layer { name: "c" type: "InnerProduct" bottom: "b" top: "c" param { name: "w" }
  inner_product_param { num_output: 4 } }
layer { name: "d" type: "InnerProduct" bottom: "c" top: "d" inner_product_param { num_output: 4 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "d" bottom: "x" top: "loss" }
"""


def net_of(text):
    return Net(parse_net(text, "net.prototxt"), TRAIN, keep="outputs")


def check(net, buckets):
    """Each learned element is in one bucket; no call behind a bucket's layer writes to it."""
    seen = np.zeros(len(net.weights.data), int)
    nodes = [bucket.node for bucket in buckets]
    assert nodes == sorted(set(nodes), reverse=True) and nodes[-1] == 0
    for bucket in buckets:
        for start, stop in bucket.parts:
            seen[start:stop] += 1
        below = [call for call in net.plan.backward if call.node < bucket.node]
        late = {v.name for c in below for v in c.written_values() if v.kind == "grad"}
        for key in late:
            start = net.weights.starts[key]
            assert not any(a <= start < b for a, b in bucket.parts), (bucket.node, key)
    assert (seen[: net.weights.learned] == 1).all()
    assert not seen[net.weights.learned :].any()


def ranges_in_turn(net, buckets):
    """Return the calls of backward, run in the ranges between buckets."""
    found, top = [], len(net.graph.nodes)
    for bucket in buckets:
        found += [c for c in net.plan.backward if bucket.node <= c.node <= top]
        top = bucket.node - 1
    return found


@pytest.fixture(scope="module", params=NETS)
def net(request):
    path = Path(__file__).parents[2] / "benchmarks" / "nets" / f"{request.param}.prototxt"
    return Net(str(path), TRAIN, keep="outputs")


def test_of_benchmark_nets(net):
    for least in (1, 1 << 18, 1 << 30):
        buckets = buckets_of(net.plan, net.weights, least)
        check(net, buckets)
        assert ranges_in_turn(net, buckets) == list(net.plan.backward)
        assert len(buckets) == 1 if least == 1 << 30 else 1 < len(buckets) <= 9


def test_weights_that_are_shared_wait_for_the_last_layer_that_writes_them():
    net = net_of(SHARED)
    buckets = buckets_of(net.plan, net.weights, 1)
    check(net, buckets)
    start = net.weights.starts["a/0"]
    assert [bucket.node for bucket in buckets] == [4, 3, 0]
    assert any(a <= start < b for a, b in buckets[-1].parts)


def test_where_nothing_learns():
    text = SHARED.replace("inner_product_param", "param { lr_mult: 0 } inner_product_param")
    frozen = text.replace('param { name: "w" }', "").replace("param { lr_mult: 2 }", "")
    net = net_of(re.sub(r"(param { lr_mult: 0 } ?\n?\s*)+", "param { lr_mult: 0 } " * 2, frozen))
    assert buckets_of(net.plan, net.weights, 1) == (Bucket(0, ()),)

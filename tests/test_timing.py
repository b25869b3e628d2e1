"""Times of a net and of its layers."""

import time

import pytest

import netdef
from netdef.timing import WARM_UP, Times, measure

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" loss_weight: 1
  inner_product_param { num_output: 4 } }
"""


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    return netdef.Net(str(tmp_path / "net.prototxt"), netdef.TRAIN, keep="outputs")


def test_mean_and_median():
    times = Times((1.0, 2.0, 6.0))
    assert (times.mean, times.median) == (3.0, 2.0)


def test_every_layer_and_every_counted_pass(net):
    heard = []
    times = measure(net, 3, lambda done, total: heard.append((done, total)))
    assert len(times.layers_forward) == len(times.layers_backward) == 2
    for each in (times.forward, times.backward, times.both, *times.layers_forward):
        assert len(each.runs) == 3
    for each in (times.forward, times.both, times.layers_forward[1], times.layers_backward[1]):
        assert min(each.runs) > 0
    assert set(times.layers_forward[0].runs) == {0}  # nothing is to be done for an input
    assert net.executor.observer is None
    assert times.both.runs == tuple(
        f + b for f, b in zip(times.forward.runs, times.backward.runs, strict=True)
    )
    assert heard == [(i + 1, 2 * (WARM_UP + 3)) for i in range(2 * (WARM_UP + 3))]


def test_the_slow_layer_is_the_slow_one_and_warming_up_is_not_counted(net, monkeypatch):
    executor, passes = net.executor, []
    plain = executor._in_turn

    def in_turn(steps):
        passes.append(steps)
        time.sleep(0.05 if len(passes) <= 2 * WARM_UP else 0)
        is_of_the_layer = executor.observer is not None and steps[0][0].node == 1
        time.sleep(0.002 if is_of_the_layer else 0)
        plain(steps)

    monkeypatch.setattr(executor, "_in_turn", in_turn)
    times = measure(net, 2)
    assert times.forward.mean < 50
    assert times.layers_forward[1].median > 2 > times.layers_forward[0].median

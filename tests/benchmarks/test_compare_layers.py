import numpy as np
import pytest
from click.testing import CliRunner
from compare_layers import main, medians, net_text, netdef_side, values
from layer_cases import CASES, Case

from netdef.graph import build
from netdef.infer import infer
from netdef.proto import TRAIN
from netdef.prototxt import parse_net


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_a_net_whose_layer_sees_the_bottoms(case):
    graph = build(parse_net(net_text(case), "case"), TRAIN)
    shapes, node = infer(graph), graph.nodes[-1]
    assert node.name == "it" and len(node.tops) == case.tops
    assert [tuple(shapes.blobs[b]) for b in node.bottoms] == list(case.bottoms)


def test_labels_are_classes():
    case = next(c for c in CASES if c.name == "SoftmaxWithLoss")
    labels = values(case, 1)
    assert set(np.unique(labels)) <= set(range(1000)) and labels.max() > 1
    assert values(case, 0).std() > 0.9


def test_a_layer_is_timed_forward_and_backward():
    case = Case("TanH", 'type: "TanH"', ((1, 4, 8, 8),), lambda f, x: x.tanh())
    forward, backward = netdef_side(case)()
    assert forward > 0 and backward > 0


def test_the_first_turns_do_not_count():
    times = iter([(9, 9), (9, 9), (1, 4), (3, 6), (2, 5)])
    assert medians([lambda: next(times)], 3) == [(2, 5)]


def test_it_is_for_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    result = CliRunner().invoke(main, [])
    assert result.exit_code == 2 and "set OPENBLAS_NUM_THREADS=1" in result.output

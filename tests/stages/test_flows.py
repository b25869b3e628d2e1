"""Who needs a gradient: the layers that record a backward, and into what."""

import pytest

from netdef.errors import ConfigError
from netdef.gradient import flows
from netdef.infer import infer
from tests.stages.staging import given, graph_of, layer, product

IN = given("x label", (4, 3), (4,))
LOSS = layer("loss", "SoftmaxWithLoss", "c label")
FROZEN = "param { lr_mult: 0 } param { lr_mult: 0 }"


def golden(text):
    """Return ``layer: into bottoms / into weights`` of all layers that run backward."""
    graph = graph_of(text)
    found = flows(graph, infer(graph))

    def bits(flags):
        return "".join(str(int(f)) for f in flags)

    return [
        f"{n.name}: {bits(found[n.name].into_bottoms)}/{bits(found[n.name].into_weights)}"
        for n in graph.nodes
        if found[n.name]
    ]


def chain(a="", b="", c="", head=""):
    return head + IN + product("a", "x", 2, a) + product("b", "a", 2, b) + product("c", "b", 2, c)


def test_gradients_flow_down_to_the_first_weights_but_not_into_the_data():
    assert golden(chain() + LOSS) == ["a: 0/11", "b: 1/11", "c: 1/11", "loss: 10/"]


def test_nothing_flows_without_a_loss():
    assert golden(chain()) == []


def test_frozen_first_layers_run_no_backward():
    assert golden(chain(a=FROZEN, b=FROZEN) + LOSS) == ["c: 0/11", "loss: 10/"]


def test_frozen_layers_above_learned_ones_hand_the_gradient_on():
    assert golden(chain(b=FROZEN) + LOSS) == ["a: 0/11", "b: 1/00", "c: 1/11", "loss: 10/"]


def test_one_frozen_weight():
    only_bias = "param { lr_mult: 0 } param { lr_mult: 1 }"
    assert golden(chain(a=only_bias) + LOSS)[0] == "a: 0/01"


def test_loss_weight_0_makes_no_gradient():
    loss = layer("loss", "SoftmaxWithLoss", "c label", fields="loss_weight: 0")
    assert golden(chain() + loss) == []


def test_loss_weight_makes_any_layer_a_loss():
    text = chain() + layer("out", "Sigmoid", "b", fields="loss_weight: 2")
    assert golden(text) == ["a: 0/11", "b: 1/11", "out: 1/"]


def test_propagate_down_false_cuts_the_gradient():
    assert golden(chain(c="propagate_down: false") + LOSS) == ["c: 0/11", "loss: 10/"]


def test_propagate_down_true_takes_it_to_the_data():
    assert golden(chain(a="propagate_down: true") + LOSS)[0] == "a: 1/11"


def test_force_backward_takes_it_everywhere_but_to_labels():
    text = chain(head="force_backward: true\n", a=FROZEN) + LOSS
    assert golden(text) == ["a: 1/00", "b: 1/11", "c: 1/11", "loss: 10/"]


def test_a_side_branch_without_a_loss_runs_no_backward():
    assert golden(chain() + layer("seen", "ReLU", "b") + LOSS)[-1] == "loss: 10/"


def test_accuracy_lets_no_gradient_through():
    text = chain() + LOSS + layer("accuracy", "Accuracy", "c label")
    assert golden(text) == ["a: 0/11", "b: 1/11", "c: 1/11", "loss: 10/"]


def test_a_loss_on_accuracy_is_refused():
    text = chain() + layer("accuracy", "Accuracy", "c label", fields="loss_weight: 1")
    with pytest.raises(ConfigError) as caught:
        golden(text)
    assert str(caught.value) == (
        "net.prototxt:5: layer 'accuracy' (Accuracy): has no gradient, but stands between a loss"
        " and weights that are learned; set propagate_down: false to stop the gradient here"
    )
    stopped = "loss_weight: 1 propagate_down: false propagate_down: false"
    assert golden(chain() + layer("accuracy", "Accuracy", "c label", fields=stopped)) == []

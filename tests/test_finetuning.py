"""The net that fine-tuning makes."""

import pytest

from netdef.classifier_body import body_of
from netdef.finetuning import Recipe, deploy_net, new_name, new_net
from netdef.prototxt import parse_net

from .painting import DEPLOY


@pytest.fixture
def body():
    return body_of(parse_net(DEPLOY, "d.prototxt"))


def rates(net):
    return {m.name: [spec.lr_mult for spec in m.param] for m in net.layer if m.param}


def test_the_head_has_a_new_name_new_outputs_and_learns_faster(body):
    net = new_net(body, 3, Recipe())
    head = net.layer[-1]
    assert (head.name, list(head.top), head.inner_product_param.num_output) == (
        "fc2_new",
        ["fc2"],
        3,
    )
    assert rates(net) == {"fc2_new": [3, 3]}
    assert body.net.layer[-1].name == "fc2"


def test_patterns_name_layers_of_the_old_net(body):
    net = new_net(body, 3, Recipe(frozen=["conv*"], rates={"fc2": 4}))
    assert rates(net) == {"conv1": [0, 0], "fc2_new": [4, 4]}


def test_a_relu_on_the_scores_goes(body):
    text = DEPLOY.replace(
        'layer { name: "prob"',
        'layer { name: "relu2" type: "ReLU" bottom: "fc2" top: "fc2" } layer { name: "prob"',
    )
    net = new_net(body_of(parse_net(text, "d.prototxt")), 3, Recipe())
    assert [m.name for m in net.layer] == ["data", "conv1", "relu1", "pool1", "fc2_new"]


def test_names_that_are_taken():
    assert new_name("fc", {"fc"}) == "fc_new"
    assert new_name("fc", {"fc", "fc_new", "fc_new2"}) == "fc_new3"


def test_what_deploys_has_probabilities_and_no_rates(body):
    net = deploy_net(new_net(body, 3, Recipe()), body)
    assert (net.layer[-1].type, list(net.layer[-1].bottom)) == ("Softmax", ["fc2"])
    assert rates(net) == {}

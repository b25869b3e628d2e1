import pytest

from netdef.errors import ConfigError
from netdef.proto import TEST, TRAIN
from tests.stages.staging import given, graph_of, layer, product

IN = given("x label", (4, 3), (4,))


def golden(graph):
    """Return a line for each layer."""
    return [f"{n.name}: {', '.join(n.bottoms)} -> {', '.join(n.tops)}" for n in graph.nodes]


def message(text, **state):
    with pytest.raises(ConfigError) as caught:
        graph_of(text, **state)
    return str(caught.value)


def test_names_of_layers_that_work_in_place_are_made_once():
    graph = graph_of(
        IN
        + product("ip", "x")
        + layer("relu", "ReLU", "ip", "ip")
        + layer("drop", "Dropout", "ip", "ip")
        + product("ip2", "ip")
        + layer("loss", "SoftmaxWithLoss", "ip2 label")
    )
    assert golden(graph) == [
        "in:  -> x, label",
        "ip: x -> ip",
        "relu: ip -> ip@relu",
        "drop: ip@relu -> ip@drop",
        "ip2: ip@drop -> ip2",
        "loss: ip2, label -> loss",
    ]
    assert graph.blobs["ip"] == "ip@drop"
    assert graph.inputs == ("x", "label") and graph.outputs == ("loss",)


def test_a_blob_may_be_read_by_several_layers_and_every_unread_one_is_an_output():
    graph = graph_of(IN + product("a", "x") + product("b", "x") + layer("c", "ReLU", "a"))
    assert graph.outputs == ("label", "b", "c")


def test_losses_and_what_the_text_says_of_gradients():
    graph = graph_of(
        'name: "two"\nforce_backward: true\n'
        + IN
        + product("ip", "x")
        + layer("loss", "SoftmaxWithLoss", "ip label", "loss prob")
        + layer("other", "SoftmaxWithLoss", "ip label", fields="loss_weight: 0.5")
        + layer("sum", "Eltwise", "ip ip", fields="propagate_down: true propagate_down: false")
    )
    assert (graph.name, graph.force_backward, graph.training) == ("two", True, True)
    assert [n.loss_weights for n in graph.nodes] == [(0, 0), (0,), (1, 0), (0.5,), (0,)]
    assert graph.nodes[-1].propagate_down == (True, False)
    assert str(graph.nodes[1]) == "net.prototxt:4: layer 'ip' (InnerProduct)"


RULES = [
    ("include { phase: TRAIN }", dict(phase=TRAIN), True),
    ("include { phase: TRAIN }", dict(phase=TEST), False),
    ("include { phase: TRAIN } include { phase: TEST }", dict(phase=TEST), True),
    ("exclude { phase: TEST }", dict(phase=TRAIN), True),
    ("exclude { phase: TEST }", dict(phase=TEST), False),
    ("include { min_level: 2 }", dict(level=1), False),
    ("include { min_level: 2 }", dict(level=2), True),
    ("include { max_level: 2 }", dict(level=2), True),
    ("include { max_level: 2 }", dict(level=3), False),
    ("include { min_level: 1 max_level: 2 phase: TRAIN }", dict(level=2), True),
    ('include { stage: "a" }', dict(stages=("a", "b")), True),
    ('include { stage: "a" stage: "b" }', dict(stages=("a",)), False),
    ('include { stage: "a" } include { stage: "b" }', dict(stages=("b",)), True),
    ('include { not_stage: "a" }', dict(stages=("a",)), False),
    ('include { not_stage: "a" }', dict(stages=("b",)), True),
    ('exclude { stage: "a" not_stage: "b" }', dict(stages=("a",)), False),
    ('exclude { stage: "a" not_stage: "b" }', dict(stages=("a", "b")), True),
    ("", dict(level=-3), True),
]


@pytest.mark.parametrize(("rule", "state", "is_there"), RULES)
def test_which_layers_belong_to_a_net(rule, state, is_there):
    graph = graph_of(IN + layer("relu", "ReLU", "x", fields=rule), **state)
    assert [n.name for n in graph.nodes] == ["in", "relu"][: 1 + is_there]


def test_layers_that_are_left_out_may_be_of_any_type():
    text = IN + layer("odd", "Odd", "nothing", fields="include { phase: TEST }")
    assert len(graph_of(text, TRAIN).nodes) == 1


def test_a_layer_may_have_a_phase_of_its_own():
    text = IN + layer("drop", "Dropout", "x", fields="phase: TEST")
    assert [n.layer.training for n in graph_of(text, TRAIN).nodes] == [True, False]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            product("ip", "lable"),
            "layer 'ip' (InnerProduct): no earlier layer makes its bottom 'lable'; did you mean"
            " 'label'?",
        ),
        (
            product("ip", "nothing"),
            "layer 'ip' (InnerProduct): no earlier layer makes its bottom 'nothing'",
        ),
        (
            layer("ip", "ReLU", "ip"),
            "layer 'ip' (ReLU): no earlier layer makes its bottom 'ip'",
        ),
        (
            layer("relu", "ReLU", "label", "x"),
            "layer 'relu' (ReLU): top 'x' is made by another layer already; give it a new name",
        ),
        (
            layer("split", "Split", "x", "a a"),
            "layer 'split' (Split): names the same top twice",
        ),
        (
            layer("in", "ReLU", "x", "y"),
            "layer 'in' (ReLU): another layer has this name; layers of a net need names of their"
            " own",
        ),
        (layer("relu", "ReLU", "x label", "y"), "layer 'relu' (ReLU): takes 1 bottoms, got 2"),
        (
            layer("loss", "SoftmaxWithLoss", "x label", "a b c"),
            "layer 'loss' (SoftmaxWithLoss): takes 1 to 2 tops, got 3",
        ),
        (
            layer("loss", "SoftmaxWithLoss", "x label", fields="loss_weight: 1 loss_weight: 1"),
            "layer 'loss' (SoftmaxWithLoss): has 2 loss_weights for 1 tops; give one each",
        ),
        (
            layer("loss", "SoftmaxWithLoss", "x label", fields="propagate_down: true"),
            "layer 'loss' (SoftmaxWithLoss): has 1 propagate_down for 2 bottoms; give one each",
        ),
        (
            layer("relu", "ReLU", "x", fields="include { } exclude { }"),
            "layer 'relu': has both include and exclude rules; keep one kind",
        ),
        (
            layer("relu", "Relu", "x"),
            "layer 'relu': no layer type 'Relu'; did you mean 'ReLU'?",
        ),
        (layer("relu", "Xyzzy", "x"), "layer 'relu': no layer type 'Xyzzy'"),
    ],
)
def test_what_is_refused(text, want):
    assert message(IN + text) == f"net.prototxt:2: {want}"

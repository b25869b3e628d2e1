"""Prototxt to the two lists of calls, as golden text."""

from netdef.graph import build
from netdef.infer import infer
from netdef.proto import TEST, TRAIN
from netdef.prototxt import parse_net
from netdef.record import record
from tests.stages.staging import given, layer, product, program_of

IN = given("x label", (4, 3), (4,))
LOSS = layer("loss", "SoftmaxWithLoss", "c label")
FROZEN = "param { lr_mult: 0 } param { lr_mult: 0 }"


def lines(text):
    return text.strip().split("\n")


def forward(program):
    return [str(call) for call in program.forward]


def backward(program):
    return [str(call) for call in program.backward]


def test_a_small_net():
    program = program_of(
        IN + product("ip", "x") + layer("relu", "ReLU", "ip", "ip") + product("c", "ip") + LOSS
    )
    assert forward(program) == lines("""
ip(4, 2) = gemm(x(4, 3), ip/0, ip/1, trans_b=True)
ip@relu = map(ip, expression='maximum(x, 0)')
c(4, 2) = gemm(ip@relu(4, 2), c/0, c/1, trans_b=True)
loss, loss.probability, loss.normalizer = softmax_loss(c, label, axis=1, ignore=None, normalization='VALID')
""")  # noqa: E501
    assert backward(program) == lines("""
d c = softmax_loss_grad(loss.probability, label, loss.normalizer, d loss, axis=1, ignore=None)
d c/0 += gemm(d c(4, 2), ip@relu(4, 2), trans_a=True)
d c/1 += sum(d c(4, 2), axes=(0,))
d ip@relu(4, 2) = gemm(d c(4, 2), c/0)
d ip = map(ip@relu, d ip@relu, expression='dy * (y > 0)')
d ip/0 += gemm(d ip(4, 2), x(4, 3), trans_a=True)
d ip/1 += sum(d ip(4, 2), axes=(0,))
""")
    assert program.seeds == {"loss": 1}


def test_convolution_and_pooling():
    conv = "convolution_param { num_output: 2 kernel_size: 3 pad: 1 }"
    pool = "pooling_param { kernel_size: 2 stride: 2 }"
    program = program_of(
        given("x", (4, 3, 6, 6))
        + layer("conv", "Convolution", "x", fields=conv)
        + layer("pool", "Pooling", "conv", fields=pool + " loss_weight: 1")
    )
    assert forward(program) == lines("""
conv = conv(x, conv/0, conv/1, window=3x3 step 1x1, group=1)
pool, pool.index = pool_max(conv, window=2x2 step 2x2)
""")
    assert backward(program) == lines("""
d conv = pool_max_grad(d pool, pool.index, window=2x2 step 2x2)
d conv/0 += conv_grad_weight(x, d conv, window=3x3 step 1x1, group=1)
d conv/1 += sum(d conv, axes=(0, 2, 3))
""")


def test_gradients_of_a_blob_that_several_layers_read_are_summed():
    program = program_of(
        IN
        + product("a", "x")
        + layer("b", "Sigmoid", "a", fields="loss_weight: 1")
        + layer("c", "Sigmoid", "a", fields="loss_weight: 1")
        + layer("d", "Sigmoid", "a", fields="loss_weight: 1")
    )
    assert backward(program)[:5] == lines(
        """
d a = map(d, d d, expression='dy * y * (1 - y)')
d a of 2.1.0 = map(c, d c, expression='dy * y * (1 - y)')
d a += map(d a of 2.1.0, expression='x')
d a of 1.3.0 = map(b, d b, expression='dy * y * (1 - y)')
d a += map(d a of 1.3.0, expression='x')
""".replace("of 2.1.0", "of 3.1.0").replace("of 1.3.0", "of 2.3.0")
    )


def test_several_losses_begin_with_their_weights():
    program = program_of(
        IN
        + product("c", "x")
        + LOSS
        + layer("other", "SoftmaxWithLoss", "c label", fields="loss_weight: 0.25")
        + layer("unweighted", "SoftmaxWithLoss", "c label", fields="loss_weight: 0")
    )
    assert program.seeds == {"loss": 1, "other": 0.25}
    assert len([c for c in program.backward if c.primitive == "softmax_loss_grad"]) == 2


def test_a_loss_that_another_layer_reads_adds_its_weight_to_what_comes_back():
    program = program_of(
        IN
        + product("c", "x")
        + layer("a", "Sigmoid", "c", fields="loss_weight: 3")
        + layer("b", "Sigmoid", "a", fields="loss_weight: 1")
    )
    assert program.seeds == {"b": 1, "a as a loss": 3}
    assert backward(program)[:3] == lines("""
d a = map(b, d b, expression='dy * y * (1 - y)')
d a += map(d a as a loss, expression='x')
d c = map(a, d a, expression='dy * y * (1 - y)')
""")


def test_frozen_first_layers_record_no_backward():
    program = program_of(
        IN
        + product("a", "x", fields=FROZEN)
        + product("b", "a", fields=FROZEN)
        + product("c", "b")
        + LOSS
    )
    assert {program.graph.nodes[c.node].name for c in program.backward} == {"c", "loss"}
    assert "d b" not in {str(v) for c in program.backward for v in c.written_values()}


def test_shared_weights_add_to_one_gradient():
    shared = 'param { name: "w" } param { name: "b" }'
    program = program_of(
        given("x label", (4, 2), (4,))
        + product("a", "x", 2, shared)
        + product("c", "a", 2, shared)
        + LOSS
    )
    written = [str(v) for c in program.backward for v in c.written_values() if v.kind == "grad"]
    assert written == ["d a/0", "d a/1"] * 2
    assert program.weights["c/0"].name == "a/0"


def test_several_bottoms_of_a_convolution_are_a_call_each():
    fields = "convolution_param { num_output: 2 kernel_size: 1 bias_term: false } loss_weight: 1"
    program = program_of(
        given("x y", (4, 3, 2, 2), (4, 3, 5, 5))
        + layer("conv", "Convolution", "x y", "a b", fields + " loss_weight: 1")
    )
    assert forward(program) == lines("""
a = conv(x, conv/0, window=1x1 step 1x1, group=1)
b = conv(y, conv/0, window=1x1 step 1x1, group=1)
""")
    assert backward(program) == lines("""
d conv/0 += conv_grad_weight(x, d a, window=1x1 step 1x1, group=1)
d conv/0 += conv_grad_weight(y, d b, window=1x1 step 1x1, group=1)
""")


def test_a_test_net_need_record_no_backward():
    graph = build(parse_net(IN + product("c", "x") + LOSS, "net.prototxt"), TEST)
    assert not record(graph, infer(graph), backward=False).backward


def test_streams_of_random_numbers_are_named_by_the_layer():
    text = IN + layer("drop", "Dropout", "x")
    assert forward(program_of(text, TRAIN))[0] == "drop.chance = uniform(stream='drop/chance')"
    assert forward(program_of(text, TEST)) == ["drop = copy(x)"]


def test_force_backward_seeds_outputs_that_are_no_losses_with_nothing():
    text = "force_backward: true\n" + IN + layer("relu", "ReLU", "x", "y")
    program = program_of(text)
    assert program.seeds == {"y": 0}
    assert backward(program) == ["d x = map(y, d y, expression='dy * (y > 0)')"]

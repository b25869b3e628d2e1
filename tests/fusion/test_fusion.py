"""Every pass leaves the numbers as they are, and makes the calls that it is there for."""

import numpy as np
import pytest

import netdef
from netdef.engines import settings
from netdef.engines.available import why_no_onednn
from netdef.engines.numpy import NumpyEngine
from netdef.fusion import PASSES
from netdef.infer import infer
from netdef.net import Net
from netdef.plan import compile_program
from netdef.prototxt import parse_net
from netdef.record import record
from tests.stages.staging import given, graph_of, layer, product, program_of

GAUSS = 'weight_filler { type: "gaussian" std: 0.3 } bias_filler { type: "uniform" }'
LOSS = product("ip", "last", 3, "").replace(
    "num_output: 3", 'num_output: 3 weight_filler { type: "gaussian" std: 0.1 }'
) + layer("loss", "SoftmaxWithLoss", "ip label")


def conv(name, bottom, outputs=16, more="kernel_size: 3 pad: 1"):
    fields = f"convolution_param {{ num_output: {outputs} {more} {GAUSS} }}"
    return layer(name, "Convolution", bottom, fields=fields)


def norm(name, bottom, relu=True):
    text = layer(f"{name}_bn", "BatchNorm", bottom, bottom)
    fields = 'scale_param { bias_term: true filler { type: "uniform" min: 0.5 max: 1.5 } }'
    text += layer(f"{name}_scale", "Scale", bottom, bottom, fields)
    return text + (layer(f"{name}_relu", "ReLU", bottom, bottom) if relu else "")


PLAIN = (
    conv("c1", "x")
    + layer("r1", "ReLU", "c1", "c1")
    + layer("last", "Pooling", "c1", fields="pooling_param { kernel_size: 3 stride: 2 }")
)
NORMED = conv("c1", "x") + norm("c1", "c1") + conv("last", "c1", 8)
LEAKING = conv("c1", "x") + norm("c1", "c1", relu=False) + layer("last", "TanH", "c1")
RESIDUAL = (
    conv("c1", "x")
    + norm("c1", "c1")
    + conv("c2", "c1")
    + norm("c2", "c2", relu=False)
    + layer("last", "Eltwise", "c1 c2")
    + layer("r", "ReLU", "last", "last")
)
BRANCHES = (
    conv("c1", "x")
    + layer("r1", "ReLU", "c1", "c1")
    + conv("a", "c1", 16, "kernel_size: 1")
    + layer("ra", "ReLU", "a", "a")
    + conv("b", "c1", 5)
    + layer(
        "p", "Pooling", "c1", fields="pooling_param { pool: AVE kernel_size: 3 stride: 1 pad: 1 }"
    )
    + layer("last", "Concat", "a b p")
)
LOOKED_AT = (
    conv("c1", "x")
    + layer("r1", "ReLU", "c1", "y")
    + layer("s", "Sigmoid", "c1", "z")
    + layer("last", "Eltwise", "y z", fields="eltwise_param { operation: SUM coeff: 0.5 coeff: 2 }")
)
LEAKY = (
    conv("c1", "x")
    + layer("r1", "ReLU", "c1", "c1", "relu_param { negative_slope: 0.1 }")
    + conv("c3", "c1")
    + layer("r3", "ReLU6", "c3", "c3")
    + conv("c2", "c3")
    + layer("last", "Clip", "c2", fields="clip_param { min: 0 max: 6 }")
)
NETS = {
    "leaky": LEAKY,
    "plain": PLAIN,
    "normed": NORMED,
    "leaking": LEAKING,
    "residual": RESIDUAL,
    "branches": BRANCHES,
    "looked_at": LOOKED_AT,
}
INPUTS = given("x label", (3, 5, 9, 8), (3,))


@pytest.fixture(params=["numpy", "onednn"])
def engine(request, monkeypatch):
    if request.param == "onednn" and why_no_onednn():
        pytest.skip(why_no_onednn())
    monkeypatch.setattr(settings.chosen, "engine", request.param)


def set_running(net, rng):
    """Give batch normalizations means and variances, as after some training."""
    for key, array in net.weight_arrays.items():
        if "_bn/" in key:
            array[...] = rng.uniform(0.5, 2, array.shape)


def numbers(text, passes, phase, monkeypatch):
    """Return the outputs of three passes, and after training also the gradients."""
    monkeypatch.setattr(netdef.replanning, "PASSES", {name: PASSES[name] for name in passes})
    net = Net(parse_net(INPUTS + text + LOSS, "n"), phase, keep="outputs", seed=5)
    rng = np.random.default_rng(7)
    net.blobs["x"].data[...] = rng.standard_normal((3, 5, 9, 8))
    net.blobs["label"].data[...] = [0, 2, 1]
    set_running(net, rng)
    found = {}
    for i in range(3):
        found[f"loss {i}"] = np.array(net.forward()["loss"])
        if phase == netdef.TRAIN:
            net.backward()
    if phase == netdef.TRAIN:
        found |= {f"d {key}": np.array(grad) for key, grad in net.grad_arrays.items()}
    return found | {key: np.array(weight) for key, weight in net.weight_arrays.items()}


@pytest.mark.parametrize("passes", [*[(name,) for name in PASSES], tuple(PASSES)], ids="+".join)
@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("phase", [netdef.TRAIN, netdef.TEST], ids=["TRAIN", "TEST"])
def test_numbers_stay(net, phase, passes, engine, monkeypatch):
    plain = numbers(NETS[net], (), phase, monkeypatch)
    fused = numbers(NETS[net], passes, phase, monkeypatch)
    assert plain.keys() == fused.keys()
    steepest = max((float(np.abs(v).max()) for n, v in plain.items() if n[:2] == "d "), default=0)
    for name, values in plain.items():
        scale = steepest if name[:2] == "d " else max(1e-3, float(np.abs(values).max()))
        np.testing.assert_allclose(fused[name] / scale, values / scale, atol=3e-5, err_msg=name)


def calls(text, passes=tuple(PASSES), phase=netdef.TRAIN):
    graph = graph_of(INPUTS + text + LOSS, phase)
    program = record(graph, infer(graph), backward=phase == netdef.TRAIN)
    plan = compile_program(program, [NumpyEngine()], passes=passes)
    return [str(c) for c in (*plan.forward, *plan.backward)]


def test_a_relu_goes_into_its_convolution():
    assert calls(PLAIN)[0] == "c1@r1 = conv(x, c1/0, c1/1, window=3x3 step 1x1, group=1, relu=True)"


def test_other_clips_go_in_as_well():
    assert any("relu=True, slope=0.1" in call for call in calls(LEAKY))
    assert sum("relu=True, most=6.0" in call for call in calls(LEAKY)) == 1
    assert sum("relu=True, most=6.0" in call for call in calls(LEAKY, phase=netdef.TEST)) == 2


def test_a_prelu_stays():
    text = conv("last", "x") + layer("p", "PReLU", "last", "last")
    assert not any("relu=True" in call for call in calls(text))
    assert not any("relu=True" in call for call in calls(text, phase=netdef.TEST))


def test_a_relu_stays_where_somebody_else_reads_the_convolution():
    assert not any("relu=True" in call for call in calls(LOOKED_AT))


def test_the_gradient_of_the_bias_comes_with_that_of_the_weight():
    assert any(call.startswith("d c1/0, d c1/1 += conv_grad_weight") for call in calls(PLAIN))
    assert not any("= sum(d c1" in call for call in calls(PLAIN))


def test_the_gradient_of_a_relu_is_taken_on_the_pooled_image():
    found = calls(PLAIN)
    place = next(i for i, call in enumerate(found) if "pool_max_grad" in call)
    assert found[place - 1].startswith("last where last > 0 = map(")
    assert found[place].startswith("d c1 = pool_max_grad(last where last > 0")


def test_normalization_scale_and_relu_are_one_call():
    found = calls(NORMED)
    assert sum("= batch_norm(" in call for call in found) == 1
    assert sum("batch_norm_back(" in call for call in found) == 1
    assert not any("x * factor" in call or "maximum" in call for call in found)


def test_sums_and_their_relu_are_one_call():
    assert any("expression='maximum(a0 + a1, 0)'" in call for call in calls(RESIDUAL))


def test_the_gradients_of_a_sum_are_not_copied():
    found = calls(RESIDUAL)
    assert any("d c2@c2_scale = map" in call for call in calls(RESIDUAL, ()))
    assert not any("d c2@c2_scale = map" in call for call in found)


def test_at_inference_normalization_goes_into_the_weights_and_sums_into_convolutions():
    found = calls(RESIDUAL, phase=netdef.TEST)
    convolutions = [call for call in found if "= conv(" in call]
    assert len(convolutions) == 2 and "weight of c1" in convolutions[0]
    assert "relu=True" in convolutions[1] and "c1@c1_relu" in convolutions[1]
    assert not any("x0 + x1" in call for call in found)


def test_what_depends_on_weights_alone_comes_first_at_inference():
    graph = graph_of(INPUTS + RESIDUAL + LOSS, netdef.TEST)
    program = record(graph, infer(graph), backward=False)
    plan = compile_program(program, [NumpyEngine()])
    kinds = [c.primitive for c in plan.forward]
    assert kinds[: plan.settled] == ["map"] * plan.settled and plan.settled == 6
    assert kinds[plan.settled] == "conv"
    assert compile_program(program, [NumpyEngine()], keep="blobs").settled == 0


def test_layers_that_are_run_one_by_one_are_not_fused():
    program = program_of(INPUTS + PLAIN + LOSS)
    plan = compile_program(program, [NumpyEngine()], keep="blobs")
    assert [c.primitive for c in plan.forward][:2] == ["conv", "map"]


def test_weights_that_change_are_taken_up(engine, tmp_path):
    text = parse_net(INPUTS + RESIDUAL + LOSS, "n")
    nets = [Net(text, netdef.TEST, keep="outputs", seed=seed) for seed in (1, 2)]
    for net in nets:
        set_running(net, np.random.default_rng(3))
        net.blobs["x"].data[...] = 1
        net.forward()
    first, second = (float(net.forward()["loss"]) for net in nets)
    assert first != second
    nets[0].save(str(tmp_path / "w.caffemodel"))
    nets[1].copy_from(str(tmp_path / "w.caffemodel"))
    assert float(nets[1].forward()["loss"]) == pytest.approx(first, rel=1e-5)
    blob = nets[1].params["c1"][0].data
    blob *= 0.5
    changed = float(nets[1].forward()["loss"])
    assert changed != pytest.approx(first, rel=1e-5)
    blob *= 2
    assert float(nets[1].forward()["loss"]) == pytest.approx(first, rel=1e-5)

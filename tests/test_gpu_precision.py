"""Numbers of 16 bits on a GPU, by stand-ins for it and for cuDNN: what is stored so, and drift."""

import numpy as np
import pytest

import netdef
from netdef import mode
from netdef.device import Device
from netdef.net import Net
from netdef.prototxt import parse_net
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.engines.test_agree import gpu_module
from tests.fusion.test_fusion import INPUTS, LOSS, NETS
from tests.stages.staging import layer

DENSE = """
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" lrn_param { alpha: 0.5 } }
layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool"
        pooling_param { kernel_size: 3 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool" top: "ip1"
        inner_product_param { num_output: 7 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "drop" type: "Dropout" bottom: "ip1" top: "ip1" }
layer { name: "last" type: "InnerProduct" bottom: "ip1" top: "last"
        inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
"""
# Nothing that a little difference could turn on or off.
SMOOTH = DENSE.replace("ReLU", "TanH").replace("stride: 2", "stride: 2 pool: AVE")
TYPES = {"BF16": "bfloat16", "FP16": "float16"}


@pytest.fixture(params=["cudnn", "cupy", pytest.param("a GPU", marks=pytest.mark.gpu)])
def gpu(request, tmp_path, monkeypatch):
    if request.param == "a GPU":
        monkeypatch.setattr(mode._chosen, "device", Device("GPU 0", gpu_module(), 0))
        yield
        return
    with gpu_with_cudnn(tmp_path, request.param):
        yield


def net_of(text, precision):
    net = Net(parse_net(INPUTS + text + LOSS, "n"), netdef.TRAIN, keep="outputs", seed=5,
              precision=precision)  # fmt: skip
    net.blobs["x"].data[...] = np.random.default_rng(7).standard_normal((3, 5, 9, 8))
    net.blobs["label"].data[...] = [0, 2, 1]
    return net


def trained(text, precision):
    """Return the loss and the gradients of one pass."""
    net = net_of(text, precision)
    loss = float(net.forward()["loss"])
    net.backward()
    return loss, net.device.to_host(net.weights.grad).astype(float)


@pytest.mark.parametrize("precision", TYPES)
def test_all_but_the_loss_and_statistics_is_narrow(precision, gpu):
    plan = net_of(DENSE, precision).plan
    types = {str(v): v.dtype for v in plan.slots}
    narrow = {name for name, dtype in types.items() if dtype == TYPES[precision]}
    blobs = {"conv", "norm", "pool", "ip1", "ip1@relu", "ip1@drop", "last"}
    diffs = {f"d {name}" for name in blobs} - {"d ip1@relu"}  # dropout and ReLU are one call back
    assert narrow == blobs | diffs | {"norm.scales"}
    assert {types[n] for n in ("x", "ip", "d ip", "loss", "drop.chance")} == {"float32"}


@pytest.mark.parametrize("precision", TYPES)
def test_statistics_of_batches_stay_wide(precision, gpu):
    plan = net_of(NETS["branches"], precision).plan
    for value in plan.slots:
        is_vector = value.ndim == 1 and value.dtype != "uint8"
        assert not is_vector or value.dtype == "float32", str(value)
    assert any(value.dtype == TYPES[precision] for value in plan.slots)


@pytest.mark.parametrize(("precision", "most"), [("BF16", 0.02), ("FP16", 0.003)])
@pytest.mark.parametrize("text", [SMOOTH, NETS["branches"], NETS["looked_at"]])
def test_numbers_drift_little(precision, most, text, gpu):
    (exact, grad), (loss, near) = (trained(text, p) for p in ("F32", precision))
    assert loss == pytest.approx(exact, rel=most) and loss != exact
    assert 0 < np.linalg.norm(near - grad) < most * np.linalg.norm(grad)


def test_what_a_loss_computes_is_not_rounded(gpu):
    text = DENSE + layer("far", "EuclideanLoss", "ip1 t")
    inputs = 'layer { name: "t" type: "Input" top: "t" input_param { shape { dim: [3, 7] } } }'
    plan = net_of(inputs + text, "FP16").plan
    types = {str(v): v.dtype for v in plan.slots}
    assert types["far.square"] == types["ip1@drop"] == "float32"
    assert types["ip1"] == "float16"


@pytest.mark.parametrize("precision", TYPES)
def test_a_test_net_answers_in_float32(precision, gpu):
    answers = []
    for asked in ("F32", precision):
        net = Net(parse_net(INPUTS + DENSE, "n"), netdef.TEST, keep="outputs", seed=5,
                  precision=asked)  # fmt: skip
        net.blobs["x"].data[...] = np.random.default_rng(7).standard_normal((3, 5, 9, 8))
        answers.append(np.array(net.forward()["last"]))
    assert answers[1].dtype == np.float32
    assert 0 < np.abs(answers[1] - answers[0]).max() < 0.02 * np.abs(answers[0]).max()

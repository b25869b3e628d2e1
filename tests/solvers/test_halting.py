"""Updates that a GPU stops by itself, behind a loss that is no number."""

import numpy as np
import pytest

import netdef
from netdef.net import Net
from netdef.proto import SolverParameter
from netdef.prototxt import parse_net
from netdef.solvers.halting import Halt
from netdef.solvers.update import Update
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.engines.nvrtc import ARCHITECTURES, complaints, library
from tests.solvers.test_device_update import SPECS, device, on  # noqa: F401
from tests.solvers.test_rules import FORMULAS
from tests.solvers.test_update import weights_of


def arenas(weights, update):
    return [a.get() for a in (weights.data, weights.grad, *update.histories)]


def ready(name, device, halted, clears=True):  # noqa: F811
    weights = on(device, weights_of(*SPECS))
    momentum = 0 if name in ("AdaGrad", "RMSProp") else 0.9
    param = SolverParameter(type=name, momentum=momentum, weight_decay=0.1, clip_gradients=0.5)
    update = Update(weights, param, clears, halted)
    update.apply(0.1, 0)
    weights.grad.fill(0.25)
    return weights, update


@pytest.mark.parametrize("name", FORMULAS)
def test_nothing_changes_while_halted(name, device):  # noqa: F811
    halted = device.xp.zeros((), "float32")
    weights, update = ready(name, device, halted)
    plain, other = ready(name, device, None)
    before = arenas(weights, update)
    for number in (np.nan, -np.inf, 1):
        halted.fill(number)
        update.apply(0.1, 1)
        for now, then in zip(arenas(weights, update), before, strict=True):
            np.testing.assert_array_equal(now, then)
    halted.fill(0)
    update.apply(0.1, 1)
    other.apply(0.1, 1)
    for now, then in zip(arenas(weights, update), arenas(plain, other), strict=True):
        np.testing.assert_array_equal(now, then)
    assert not np.array_equal(arenas(weights, update)[0], before[0])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", ["SGD", "LAMB"])
def test_compiles_for_gpus(name, architecture, device):  # noqa: F811
    _, update = ready(name, device, device.xp.zeros((), "float32"))
    code = update._on_arenas.code
    assert "*halted == 0" in code
    assert complaints(library(), code, architecture) == ""


NET = """
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
  layer { name: "a" type: "Reduction" bottom: "x" top: "a" loss_weight: 1 }
  layer { name: "b" type: "Reduction" bottom: "x" top: "b" loss_weight: 0.5
    reduction_param { operation: ASUM } }"""


@pytest.mark.parametrize("spoilt", [(np.nan, 0), (np.inf, -np.inf), (3e38, 3e38)])
def test_a_loss_that_is_no_number_halts_until_the_end_is_called(spoilt, tmp_path):
    with gpu_with_cudnn(tmp_path):
        net = Net(parse_net(NET, "net.prototxt"), netdef.TRAIN, keep="outputs")
        halt = Halt(net)

        def after(*numbers):
            net.forward(x=[numbers])
            halt.watch()
            return float(halt.number)

        assert after(1, -2) == after(1e30, 1e30) == 0
        assert np.isnan(after(*spoilt))
        assert np.isnan(after(1, 2))
        halt.end()
        assert after(1, 2) == 0

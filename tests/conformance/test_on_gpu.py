"""Caffe's recordings on a GPU: layers, nets and solvers."""

import pytest

import netdef
from tests.conformance.recordings import GOLDENS, checker, net_names
from tests.conformance.test_layers import CASES, FOLDER
from tests.conformance.test_solvers import (  # noqa: F401  these run here, too
    folder,
    start,
    test_first_iterations_of_rules_that_let_rounding_grow,
    test_going_on_from_caffes_snapshot,
    test_snapshot_is_caffes,
    test_trajectory,
)
from tests.engines.test_agree import gpu_module

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def _on_a_gpu():
    gpu_module()
    netdef.set_mode_gpu()
    yield
    netdef.set_mode_cpu()


@pytest.mark.parametrize("case", CASES)
def test_layer(case):
    assert checker().check_layer(netdef, str(FOLDER), case) == []


@pytest.mark.parametrize("name", net_names())
def test_net(name, shared):
    models = shared / "data" / "models"
    assert checker().check_net(netdef, str(GOLDENS / "nets"), name, str(models)) == []


def test_it_is_the_gpu_that_trains(folder):  # noqa: F811
    """Though the recorded solvers say ``solver_mode: CPU``: the GPU was chosen before."""
    assert start("sgd").net.device.is_gpu

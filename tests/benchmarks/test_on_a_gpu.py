"""The programs for GPUs on what stands for one: they ask CuPy for nothing that it has not."""

import gpu_peaks
import pytest
import roofline
from contenders import BURST, Burst, Netdef, Task
from peaks import Peaks

from netdef import mode
from netdef.device import Device
from netdef.engines import settings
from tests.engines import stand_in

NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "ip" top: "ip" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""


@pytest.fixture
def task(tmp_path, monkeypatch):
    """A small net on a GPU, and what stands for that."""
    monkeypatch.setattr("netdef.devices.gpu", lambda number: stand_in.device())
    monkeypatch.setattr(mode._chosen, "gpu_numbers", (0,))
    monkeypatch.setattr(mode._chosen, "device", mode.device())
    monkeypatch.setattr(settings.chosen, "tf32", False)
    (tmp_path / "net.prototxt").write_text(NET)
    return Task(str(tmp_path / "net.prototxt"), gpu=0, precision="tf32")


def test_netdef_trains_in_bursts(task):
    netdef = Netdef(task)
    assert netdef.net.device.is_gpu and settings.chosen.tf32
    assert list(netdef.passes) == ["train"]
    burst, before = netdef.passes["train"], netdef.answer()
    assert isinstance(burst, Burst)
    burst()
    assert netdef.solver.iter == BURST
    assert netdef.answer() < before


def test_layers_are_timed_until_the_gpu_is_done(task, monkeypatch):
    """A layer's time holds the wait for it; peaks are CuPy's."""
    waits = []
    monkeypatch.setattr(Device, "wait", lambda device: waits.append(1), raising=True)
    monkeypatch.setattr(roofline.GpuPeaks, "about", lambda peaks: {"product": 9.0, "copy": 8.0})
    monkeypatch.setattr(gpu_peaks, "gpu", lambda number: stand_in.device())
    found = roofline.measure(task, steps=2)
    assert found.peaks == Peaks(0, 9.0, 8.0)
    assert len(waits) >= 2 * (2 + 2 * len(found.lines))
    lead = roofline.roofline_table(found, 0).splitlines()[0]
    assert lead.endswith("peak 9 GFLOP/s (product 9), copy 8.0 GB/s")


def test_rates_of_a_gpu(monkeypatch):
    monkeypatch.setattr(gpu_peaks, "_REPEATS", 1)
    device = stand_in.device()
    assert gpu_peaks.product_rate(device, "float16", 8) > 0
    assert gpu_peaks.copy_rate(device, 1000) > 0

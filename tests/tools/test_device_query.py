"""``netdef device-query``: what is found here."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from netdef import gpu_needs

MISSING = (
    "GPU mode needs CuPy: pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is;"
    " or run on the CPU (solver_mode: CPU, no --gpu)"
)


NEEDS = {"driver": "for CUDA up to 13.2", "cuDNN": "cannot be used: it is missing"}
PRINTED = (
    "what GPUs need\n"
    "  driver              for CUDA up to 13.2\n"
    "  cuDNN               cannot be used: it is missing\n"
)


@pytest.fixture(autouse=True)
def needs(monkeypatch):
    """Let what GPUs need be as if some were here."""
    monkeypatch.setattr(gpu_needs, "gpu_needs", lambda: iter(NEEDS.items()))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("netdef.device.driver_version", lambda: None)


@pytest.fixture
def without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


@pytest.fixture
def with_two_gpus(monkeypatch):
    """CuPy as a machine of two GPUs would have it, as far as it is asked."""

    def properties(number):
        return {
            "name": b"Test GPU",
            "totalGlobalMem": (number + 1) * 10**9,
            "major": 9,
            "minor": number,
            "multiProcessorCount": 132,
        }

    runtime = SimpleNamespace(
        getDeviceCount=lambda: 2,
        getDeviceProperties=properties,
        CUDARuntimeError=type("CUDARuntimeError", (RuntimeError,), {}),
    )
    device = SimpleNamespace(use=lambda: None)
    cuda = SimpleNamespace(runtime=runtime, Device=lambda number: device)
    cupy = ModuleType("cupy")
    cupy.cuda = cuda
    monkeypatch.setitem(sys.modules, "cupy", cupy)


def test_the_cpu_and_why_there_is_no_gpu(netdef, without_cupy):
    ran = netdef("device-query")
    assert (ran.status, ran.err) == (0, "")
    ran, end = ran.out.split(PRINTED)
    assert end == ""
    lines = ran.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [
        "CPU",
        "name",
        "cores",
        "memory",
        "engines",
        "NumPy",
    ]
    assert f" {np.__version__} with " in lines[5]
    assert lines[-1] == f"no GPU: {MISSING}"


@pytest.mark.parametrize("gpu", ["0", "all"])
def test_a_gpu_that_is_asked_for_and_not_there(netdef, without_cupy, gpu):
    ran = netdef("device-query", "--gpu", gpu)
    assert (ran.status, ran.out, ran.err) == (2, "", f"netdef: error: {MISSING}\n")


def test_all_gpus(netdef, with_two_gpus):
    ran = netdef("device-query", "--gpu", "all")
    assert (ran.status, ran.err) == (0, "")
    assert (
        ran.out
        == (
            "GPU 0\n"
            "  name                Test GPU\n"
            "  memory              1.0 GB\n"
            "  compute capability  9.0\n"
            "  multiprocessors     132\n"
            "GPU 1\n"
            "  name                Test GPU\n"
            "  memory              2.0 GB\n"
            "  compute capability  9.1\n"
            "  multiprocessors     132\n"
        )
        + PRINTED
    )


def test_the_cpu_comes_before_the_gpus(netdef, with_two_gpus):
    out = netdef("device-query").out
    assert out.startswith("CPU\n")
    assert out.index("GPU 0\n") < out.index("GPU 1\n")
    assert "no GPU" not in out


def test_one_gpu(netdef, with_two_gpus):
    out = netdef("device_query", "-gpu", "1").out
    assert "GPU 1\n" in out
    assert "GPU 0\n" not in out


def test_a_number_too_high(netdef, with_two_gpus):
    ran = netdef("device-query", "--gpu", "2")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: GPU 2 is not there; this machine has 2: 0, 1\n",
    )


def test_what_is_no_gpu(netdef):
    ran = netdef("device-query", "--gpu", "-1")
    assert ran.status == 2
    assert ran.err.endswith(
        "\nError: Invalid value for '--gpu': '-1' is neither the number of a GPU nor 'all'.\n"
    )

"""Which engines a device has, and what is said where one is missing."""

import re
import sys
import warnings
from types import SimpleNamespace

import pytest

from netdef.engines import available, engines_of, settings
from netdef.engines.cudnn import library
from netdef.errors import ConfigError

MISSING = "cuDNN's frontend is not here (No module named 'cudnn'); pip install it"


@pytest.fixture
def gpu(monkeypatch):
    """A GPU on which cuDNN runs, as far as engines are chosen."""
    monkeypatch.undo()  # of what holds for all other tests
    found = SimpleNamespace(capability="90", why=None)
    device = lambda: SimpleNamespace(compute_capability=found.capability)  # noqa: E731
    cupy = SimpleNamespace(cuda=SimpleNamespace(Device=device))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(library, "why_no_cudnn", lambda: found.why)
    monkeypatch.setattr(settings.chosen, "engine", None)
    monkeypatch.delenv("NETDEF_ENGINE", raising=False)
    available._warn_of_cupy.cache_clear()
    yield found
    available._warn_of_cupy.cache_clear()


def names(**options):
    return [engine.name for engine in engines_of(is_gpu=True, **options)]


def test_cudnn_comes_first(gpu):
    assert names() == ["cudnn", "cupy", "numpy"]


def test_it_is_told_how_to_compute(gpu, monkeypatch):
    first = engines_of(True, "BF16", tf32=True, autotune=True)[0]
    assert (first.precision, first.tf32, first.autotune) == ("BF16", True, True)
    first = engines_of(True)[0]
    assert (first.precision, first.tf32, first.autotune) == ("F32", False, False)
    monkeypatch.setattr(settings.chosen, "tf32", True)
    assert engines_of(True)[0].tf32
    assert not engines_of(True, tf32=False)[0].tf32


def test_without_cudnn_it_says_so_once(gpu):
    gpu.why = MISSING
    said = re.escape(f"the slower engine cupy computes, without cuDNN: {MISSING}")
    with pytest.warns(UserWarning, match=f"^{said}$"):
        assert names() == ["cupy", "numpy"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names()


def test_gpus_older_than_volta(gpu):
    gpu.capability = "61"
    with pytest.warns(UserWarning, match=r"needs a GPU of compute capability 7.0 .* has 6.1$"):
        assert names() == ["cupy", "numpy"]


def test_gpus_with_numbers_of_three_digits(gpu):
    gpu.capability = "120"
    assert names() == ["cudnn", "cupy", "numpy"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cudnn", ["cudnn", "cupy", "numpy"]), ("cupy", ["cupy", "numpy"]), ("numpy", ["numpy"])],
)
def test_an_engine_is_chosen_by_name(name, expected, gpu, monkeypatch):
    monkeypatch.setenv("NETDEF_ENGINE", name)
    assert names() == expected
    monkeypatch.delenv("NETDEF_ENGINE")
    monkeypatch.setattr(settings.chosen, "engine", name)
    assert names() == expected


def test_no_fallback_from_cudnn_asked_for_by_name(gpu, monkeypatch):
    gpu.why = MISSING
    monkeypatch.setattr(settings.chosen, "engine", "cudnn")
    with pytest.raises(ConfigError) as caught:
        names()
    said = f"the engine cuDNN, which was asked for, cannot run here: {MISSING}"
    assert str(caught.value) == said


def test_own_kernels_asked_for_by_name_need_no_cudnn(gpu, monkeypatch):
    gpu.why = MISSING
    monkeypatch.setattr(settings.chosen, "engine", "cupy")
    assert names() == ["cupy", "numpy"]  # and no warning


def test_engines_of_another_device(gpu, monkeypatch):
    monkeypatch.setattr(settings.chosen, "engine", "onednn")
    with pytest.raises(ConfigError) as caught:
        names()
    assert str(caught.value) == (
        "the engine onednn runs on the CPU, and this net on a GPU; take one of cudnn, cupy,"
        " numpy, or run on the CPU (solver_mode: CPU, no --gpu)"
    )
    monkeypatch.setattr(settings.chosen, "engine", "cupy")
    with pytest.raises(ConfigError) as caught:
        engines_of(is_gpu=False)
    assert str(caught.value) == (
        "the engine cupy runs on a GPU, and this net on the CPU; give --gpu 0"
        " (solver_mode: GPU), or take one of onednn, numpy"
    )


@pytest.mark.parametrize("is_gpu", [True, False])
def test_no_such_engine(is_gpu, gpu, monkeypatch):
    monkeypatch.setenv("NETDEF_ENGINE", "mkl")
    with pytest.raises(ConfigError) as caught:
        engines_of(is_gpu)
    said = "NETDEF_ENGINE is 'mkl'; it is one of onednn, numpy, cudnn, cupy"
    assert str(caught.value) == said

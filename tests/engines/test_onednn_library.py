"""Finding and loading oneDNN, and what it does where it cannot be."""

import os
import subprocess
import sys
import warnings

import pytest

import netdef
from netdef.engines import available, engines_of, settings
from netdef.engines.onednn import library
from netdef.errors import ConfigError, DeviceError
from netdef.graph import build
from netdef.infer import infer
from netdef.net import Net
from netdef.plan import compile_program
from netdef.precision import checked_precision
from netdef.prototxt import parse_net
from netdef.record import record

if available.why_no_onednn():
    pytest.skip(str(available.why_no_onednn()), allow_module_level=True)

NET = """
  layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
  layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
    convolution_param { num_output: 16 kernel_size: 3 weight_filler { type: "xavier" } ENGINE } }
  layer { name: "soft" type: "Softmax" bottom: "conv" top: "soft" softmax_param { SOFT } }"""


def plan(engines, conv="", soft=""):
    text = NET.replace("ENGINE", conv).replace("SOFT", soft)
    graph = build(parse_net(text, "n.prototxt"), netdef.TEST)
    return compile_program(record(graph, infer(graph), backward=False), engines)


@pytest.fixture
def without_onednn(monkeypatch):
    """Make oneDNN seem not to load."""
    monkeypatch.setattr(available, "why_no_onednn", lambda: "libdnnl.so.3 is not here")
    available._warn.cache_clear()
    yield
    available._warn.cache_clear()


def test_it_comes_with_netdef_and_is_first():
    assert [e.name for e in engines_of(is_gpu=False)] == ["onednn", "numpy"]
    assert library.load().version.startswith("3.")


def test_another_library_is_named_by_the_environment(monkeypatch):
    monkeypatch.setenv("NETDEF_ONEDNN", "/nowhere/libdnnl.so.3")
    with pytest.raises(
        DeviceError, match="^/nowhere/libdnnl.so.3 cannot be loaded: .*No such file"
    ):
        library.load.__wrapped__()


def test_a_library_that_is_another(monkeypatch):
    monkeypatch.setenv("NETDEF_ONEDNN", "libm.so.6")
    with pytest.raises(DeviceError, match="cannot be loaded: .*undefined symbol"):
        library.load.__wrapped__()


def test_a_library_of_another_version(monkeypatch):
    monkeypatch.setattr(library, "MAJOR", 4)
    with pytest.raises(DeviceError, match="is oneDNN 3.*; netdef needs version 4"):
        library.load.__wrapped__()


def test_no_library_at_all(monkeypatch):
    monkeypatch.setattr(library.sys, "prefix", "/nowhere")
    monkeypatch.setattr(library, "_site_folders", list)
    with pytest.raises(DeviceError, match="pip install onednn-cpu-gomp, or name one by NETDEF_ONE"):
        library.load.__wrapped__()


def test_without_it_numpy_computes_and_says_so_once(without_onednn):
    with pytest.warns(UserWarning, match="slower engine numpy computes.*libdnnl.so.3 is not here"):
        assert [e.name for e in engines_of(is_gpu=False)] == ["numpy"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        engines_of(is_gpu=False)


def test_no_fallback_from_an_engine_asked_for_by_name(without_onednn, monkeypatch):
    monkeypatch.setattr(settings.chosen, "engine", "onednn")
    with pytest.raises(ConfigError, match="libdnnl.so.3 is not here"):
        engines_of(is_gpu=False)


def test_a_layer_may_ask_for_it():
    chosen = plan(engines_of(is_gpu=False), conv="engine: MKLDNN").choices
    assert chosen[0].engine.name == "onednn"


def test_a_layer_that_asks_for_it_where_it_is_not(without_onednn, monkeypatch):
    monkeypatch.setattr(settings.chosen, "engine", "numpy")
    with pytest.raises(
        ConfigError, match="asks for engine ONEDNN, which this device does not have"
    ):
        plan(engines_of(is_gpu=False), conv="engine: MKLDNN")


FORK = """
import os, sys, netdef
net = netdef.Net(sys.argv[1], netdef.TEST)
net.blobs["x"].data[...] = 1
before = net.forward()["soft"].copy()
child = os.fork()
if child == 0:
    mine = netdef.Net(sys.argv[1], netdef.TEST)
    mine.blobs["x"].data[...] = 1
    mine.copy_from(sys.argv[2]); net.copy_from(sys.argv[2])
    equal = abs(net.forward()["soft"] - mine.forward()["soft"]).max() < 1e-6
    os._exit(0 if equal else 3)
assert os.waitpid(child, 0)[1] == 0
assert abs(net.forward()["soft"] - before).max() == 0
"""


def test_a_child_that_is_forked_after_a_pass_does_not_hang(tmp_path):
    path, weights = tmp_path / "n.prototxt", tmp_path / "n.caffemodel"
    path.write_text(NET.replace("ENGINE", "").replace("SOFT", ""))
    Net(str(path), netdef.TEST).save(str(weights))
    command = [sys.executable, "-c", FORK, str(path), str(weights)]
    env = os.environ | {"OMP_NUM_THREADS": "2"}
    ran = subprocess.run(command, env=env, timeout=60, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_bf16_is_refused_where_it_cannot_be(monkeypatch):
    monkeypatch.setattr("netdef.precision.Path.read_text", lambda self: "flags : fpu avx2\\n")
    with pytest.raises(ConfigError, match="needs a CPU with AVX512_BF16 or AMX.*use F32"):
        checked_precision("BF16", "outputs", is_gpu=False)
    with pytest.raises(ConfigError, match="keep='outputs', or use F32"):
        checked_precision("BF16", "blobs", is_gpu=False)
    with pytest.raises(ConfigError, match="FP16 runs on a GPU only; use BF16 on the CPU"):
        checked_precision("FP16", "outputs", is_gpu=False)
    with pytest.raises(ConfigError, match="compute capability 8.0 .* has 7.5; use FP16 or F32"):
        checked_precision("BF16", "outputs", is_gpu=True, compute_capability=75)
    assert checked_precision("FP16", "outputs", is_gpu=True, compute_capability=75) == "FP16"
    with pytest.raises(ConfigError, match="no precision 'FP8'; it is F32, BF16, FP16"):
        checked_precision("FP8", "outputs", is_gpu=False)

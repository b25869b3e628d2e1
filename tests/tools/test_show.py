"""``netdef show``: the stages of a net as tables."""

import re

import pytest

from netdef.engines.available import why_no_onednn

NET = """\
name: "tiny"
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 1 dim: 5 dim: 5 } } }
layer {
  name: "conv" type: "Convolution" bottom: "x" top: "y"
  convolution_param { num_output: 3 kernel_size: 3 weight_filler { type: "xavier" } }
}
layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
layer {
  name: "ip" type: "InnerProduct" bottom: "y" top: "z" loss_weight: 1 include { phase: TRAIN }
  inner_product_param { num_output: 4 bias_term: false weight_filler { type: "xavier" } }
}
layer { name: "out" type: "Softmax" bottom: "y" top: "p" include { phase: TEST } }
layer { name: "more" type: "Sigmoid" bottom: "y" top: "q" include { stage: "extra" min_level: 2 } }
"""

GRAPH = """\
layer  type          bottoms      tops    where
---------------------------------------------------------
in     Input                  ->  x       tiny.prototxt:2
conv   Convolution   x        ->  y       tiny.prototxt:3
relu   ReLU          y        ->  y@relu  tiny.prototxt:7
ip     InnerProduct  y@relu   ->  z       tiny.prototxt:8

4 layers for training
inputs   x
outputs  z
"""

SHAPES = """\
layer  type          shapes of its tops  weights  bytes  multiply-adds
----------------------------------------------------------------------
in     Input         (2, 1, 5, 5)              0    200              0
conv   Convolution   (2, 3, 3, 3)             30    336            486
relu   ReLU          (2, 3, 3, 3)              0    216              0
ip     InnerProduct  (2, 4)                  108    464            216
----------------------------------------------------------------------
total                                        138  1,216            702
"""

PROGRAM = """\
forward  call                                                       multiply-adds
---------------------------------------------------------------------------------
conv     y = conv(x, conv/0, conv/1, window=3x3 step 1x1, group=1)            486
relu     y@relu = map(y, expression='maximum(x, 0)')                            0
ip       z(2, 4) = gemm(y@relu(2, 27), ip/0, trans_b=True)                    216
---------------------------------------------------------------------------------
total                                                                         702

backward  call                                                                multiply-adds
-------------------------------------------------------------------------------------------
ip        d ip/0 += gemm(d z(2, 4), y@relu(2, 27), trans_a=True)                        216
ip        d y@relu(2, 27) = gemm(d z(2, 4), ip/0)                                       216
relu      d y = map(y@relu, d y@relu, expression='dy * (y > 0)')                          0
conv      d conv/0 += conv_grad_weight(x, d y, window=3x3 step 1x1, group=1)            486
conv      d conv/1 += sum(d y, axes=(0, 2, 3))                                            0
-------------------------------------------------------------------------------------------
total                                                                                   918
"""


@pytest.fixture
def tiny(netdef, tmp_path):
    (tmp_path / "tiny.prototxt").write_text(NET)
    return lambda *options: netdef("show", "--model", "tiny.prototxt", *options)


@pytest.mark.parametrize(
    ("stage", "text"), [("graph", GRAPH), ("shapes", SHAPES), ("program", PROGRAM)]
)
def test_a_stage_as_golden_text(tiny, stage, text):
    ran = tiny("--stage", stage)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == text


def test_shapes_come_by_default(tiny):
    assert tiny().out == SHAPES


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
def test_the_plan_gives_each_call_an_engine_and_a_place(tiny, engine, monkeypatch):
    if engine == "onednn" and why_no_onednn():
        pytest.skip(why_no_onednn())
    monkeypatch.setenv("NETDEF_ENGINE", engine)
    out = tiny("--stage", "plan").out
    pattern = r"^\w+ +(.+?) {2,}(\S+(?:, \S+)*) +(numpy|onednn)(?:; .+)?$"
    calls = {call: rest for call, *rest in re.findall(pattern, out, re.MULTILINE)}
    weight = "d conv/0, d conv/1 += conv_grad_weight(x, d y, window=3x3 step 1x1, group=1)"
    assert calls[weight] == ["grads, grads", engine]
    place, chosen = calls[
        "y@relu = conv(x, conv/0, conv/1, window=3x3 step 1x1, group=1, relu=True)"
    ]
    assert place.isdecimal() and chosen == engine
    assert calls["z(2, 4) = gemm(y@relu(2, 27), ip/0, trans_b=True)"][1] == "numpy"


def test_the_plan_says_what_sharing_memory_saves(tiny, monkeypatch):
    monkeypatch.setenv("NETDEF_ENGINE", "numpy")  # so small a net's copies differ by engine
    out = tiny("--stage", "plan").out.replace(",", "")
    found = re.search(r"^arena +(\d+) bytes for (\d+) arrays of (\d+) bytes (\d+)% less", out, re.M)
    assert found
    together, arrays, apart, saved = map(int, found.groups())
    assert arrays >= 5
    assert saved == round(100 * (1 - together / apart)) > 0
    assert "weights  552 bytes and as many for their gradients\n" in out
    assert re.search(r"^scratch  \d+ bytes shared by all calls$", out, re.M)
    assert re.search(r"^in all   [\d.]+ kB$", out, re.M)


def test_the_phase_test_has_no_backward(tiny):
    ran = tiny("--stage", "program", "--phase", "test")
    assert "p = softmax(" in ran.out
    assert "backward" not in ran.out
    assert "backward" not in tiny("--stage", "plan", "--phase", "TEST").out


def test_levels_and_stages_of_the_net_choose_layers(tiny):
    def has_more(*options: object) -> bool:
        return "more" in tiny("--stage", "graph", *options).out

    assert has_more("--net-stage", "extra", "--level", 2)
    assert has_more("--net-stage", "other,extra", "--level", 2)
    assert has_more("--net-stage", "other", "--net-stage", "extra", "--level", 2)
    assert not has_more("--net-stage", "extra")
    assert not has_more("--level", 2)


def test_weights_that_are_shared_count_once(netdef, tmp_path):
    layer = (
        'layer {{ name: "{0}" type: "InnerProduct" bottom: "x" top: "{0}" param {{ name: "w" }}'
        " inner_product_param {{ num_output: 2 bias_term: false }} }}\n"
    )
    data = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }\n'
    (tmp_path / "net.prototxt").write_text(data + layer.format("a") + layer.format("b"))
    lines = netdef("show", "--model", "net.prototxt").out.splitlines()
    assert [line.split()[-3] for line in lines if line.startswith(("a", "b", "total"))] == [
        "6",
        "0",
        "6",
    ]
    plan = netdef("show", "--model", "net.prototxt", "--stage", "plan").out
    assert "weights  24 bytes" in plan


def test_no_stage_of_that_name(tiny):
    ran = tiny("--stage", "grph")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "Usage: netdef show [OPTIONS]\n"
        "Try 'netdef show --help' for help.\n\n"
        "Error: Invalid value for '--stage': 'grph' is not one of 'graph', 'shapes', 'program',"
        " 'plan'.\n"
    )

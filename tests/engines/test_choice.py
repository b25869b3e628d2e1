import pytest

from netdef.engines import Engine, Refused, choose
from netdef.engines.numpy import NumpyEngine
from netdef.errors import ConfigError
from netdef.graph import build
from netdef.infer import infer
from netdef.plan import compile_program, steps
from netdef.prototxt import parse_net
from netdef.record import record


class Reference(Engine):
    name = "numpy"

    def conv(self):
        """Run anything."""


class Bare(Engine):
    name = "bare"


class Fussy(Engine):
    name = "onednn"

    def conv(self):
        """Run what is not refused."""

    def refuses(self, primitive, dtype, options):
        return None if dtype == "float32" else f"takes float32, not {dtype}"


def test_the_fastest_that_does_not_refuse():
    choice = choose("conv", "float32", {}, [Fussy(), Reference()])
    assert str(choice) == "onednn"


def test_an_engine_that_does_not_know_a_primitive_is_passed_over():
    assert str(choose("conv", "float32", {}, [Bare(), Reference()])) == "numpy"


def test_an_engine_may_refuse_when_it_sees_the_arrays():
    def rehearse(engine):
        if engine.name == "onednn":
            raise Refused("has only a slow conv")

    choice = choose("conv", "float32", {}, [Fussy(), Reference()], rehearse=rehearse)
    assert str(choice) == "numpy; onednn: has only a slow conv"


def test_the_choice_says_why():
    choice = choose("conv", "float64", {}, [Fussy(), Reference()])
    assert str(choice) == "numpy; onednn: takes float32, not float64"


def test_an_engine_asked_for_by_name_is_taken():
    assert str(choose("conv", "float32", {}, [Fussy(), Reference()], asked="numpy")) == "numpy"


def test_no_fallback_from_an_engine_asked_for_by_name():
    with pytest.raises(ConfigError) as caught:
        choose("conv", "float64", {}, [Fussy(), Reference()], asked="onednn")
    assert str(caught.value) == "no engine runs conv in float64: onednn takes float32, not float64"


def test_engine_that_is_not_here():
    with pytest.raises(ConfigError) as caught:
        choose("conv", "float64", {}, [Fussy(), Reference()], asked="cudnn")
    assert str(caught.value) == (
        "asks for engine CUDNN, which this device does not have (onednn, numpy);"
        " remove the engine field"
    )


def compiled(engine):
    text = f"""
      layer {{ name: "in" type: "Input" top: "x" input_param {{ shape {{ dim: 1 dim: 2 }} }} }}
      layer {{ name: "relu" type: "ReLU" bottom: "x" top: "y"
        relu_param {{ engine: {engine} }} }}"""
    graph = build(parse_net(text, "net.prototxt"), 0)
    return compile_program(record(graph, infer(graph)), [NumpyEngine()])


@pytest.mark.parametrize("engine", ["DEFAULT", "CAFFE"])
def test_caffes_own_engine_is_whatever_is_here(engine):
    assert [str(c) for c in compiled(engine).choices] == ["numpy"]


def test_a_net_that_asks_for_an_engine_says_where():
    with pytest.raises(ConfigError) as caught:
        compiled("CUDNN")
    assert str(caught.value) == (
        "net.prototxt:3: layer 'relu' (ReLU): asks for engine CUDNN, which this device does not"
        " have (numpy); remove the engine field"
    )


NORMALIZED = """
  layer { name: "in" type: "Input" top: "x"
    input_param { shape { dim: 4 dim: 3 dim: 5 dim: 5 } } }
  layer { name: "conv" type: "Convolution" bottom: "x" top: "c"
    convolution_param { num_output: 4 kernel_size: 3 } }
  layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }
  layer { name: "scale" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
  layer { name: "relu" type: "ReLU" bottom: "c" top: "c" }
  layer { name: "sum" type: "Reduction" bottom: "c" top: "loss" loss_weight: 1 }"""


class Halfway(NumpyEngine):
    """Refuses one half of batch normalization when it sees the arrays."""

    name = "halfway"
    half = ""

    def prepare(self, primitive, arrays, options):
        if primitive == self.half:
            raise Refused(f"has no {primitive} of such images")
        return super().prepare(primitive, arrays, options)


def normalizing(*engines):
    """Return the choices of the two halves of a batch normalization with a ReLU."""
    graph = build(parse_net(NORMALIZED, "net.prototxt"), 0)
    plan = compile_program(record(graph, infer(graph)), engines)
    found = {call.primitive: choice for call, choice in steps(plan)}
    assert "conv" in found
    return [found[name] for name in ("batch_norm", "batch_norm_back")]


@pytest.mark.parametrize("half", ["batch_norm", "batch_norm_back"])
def test_who_reads_a_mask_has_written_it(half, monkeypatch):
    monkeypatch.setattr(Halfway, "half", half)
    choices = normalizing(Halfway(), NumpyEngine())
    said = f"numpy; halfway: has no {half} of such images"
    assert [str(c) for c in choices] == [said, said]


def test_both_halves_go_on_until_one_engine_takes_both(monkeypatch):
    other = type("Other", (Halfway,), {"name": "other", "half": "batch_norm"})
    monkeypatch.setattr(Halfway, "half", "batch_norm_back")
    choices = normalizing(Halfway(), other(), NumpyEngine())
    assert [c.engine.name for c in choices] == ["numpy", "numpy"]
    assert all(set(c.refused) == {"halfway", "other"} for c in choices)


def test_halves_that_agree_stay():
    assert [str(c) for c in normalizing(Halfway(), NumpyEngine())] == ["halfway", "halfway"]

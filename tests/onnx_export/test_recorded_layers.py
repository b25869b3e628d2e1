"""The layers that Caffe ran, exported: ONNX Runtime gives what Caffe gave."""

import numpy as np
import pytest

from netdef.errors import ConfigError
from netdef.net import Net
from netdef.onnx_export.deploying import as_deployed
from netdef.onnx_export.model import export
from netdef.onnx_export.writing import value_names
from netdef.onnx_run import Session
from netdef.proto import TEST, TRAIN
from netdef.prototxt import read_net
from tests.conformance.recordings import GOLDENS, Recording, layer_cases

TOLERANCE = 1e-4
LEFT_OUT = {
    "accuracy", "accuracy_axis", "accuracy_per_class", "loss_contrastive",
    "loss_contrastive_legacy", "loss_euclidean", "loss_hinge_l1", "loss_hinge_l2",
    "loss_multinomial", "silence",
}  # fmt: skip
"""Nets of nothing but a loss, an accuracy or Silence."""

CASES = [pytest.param(case, id=case["name"]) for case in layer_cases()]


def recorded(case: dict[str, str]) -> tuple[Net, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the deployed net with the recorded weights, its inputs and its tops."""
    folder = GOLDENS / "layers"
    phase = TRAIN if case["phase"] == "TRAIN" else TEST
    with np.load(folder / f"{case['name']}.npz") as file:
        arrays = Recording(file)
    text = as_deployed(read_net(folder / f"{case['name']}.prototxt"), phase)
    net = Net(text, phase, keep="outputs")
    inputs = {}
    for key, values in arrays.items():
        kind, _, name = key.partition("/")
        if kind == "param" and "target" in net.params:
            net.params["target"][int(name)].data[...] = values
        elif kind == "in" and name in net.params:
            net.params[name][0].data[...] = values
        elif kind == "in" and name in net.inputs:
            inputs[name] = values
    tops = {k.removeprefix("top/"): v for k, v in arrays.items() if k.startswith("top/")}
    return net, inputs, tops


@pytest.mark.parametrize("case", [c for c in CASES if c.id not in LEFT_OUT])
def test_onnx_runtime_gives_what_caffe_gave(case):
    net, inputs, tops = recorded(case)
    model = export(net)
    made = Session(model.SerializeToString()).run(inputs)
    names = value_names(net.graph)
    compared = 0
    for name in net.outputs:
        mine = np.array(net.forward(**inputs)[name]) if name not in tops else tops[name]
        theirs = made[names[net.graph.blobs[name]]]
        assert theirs.shape == mine.shape
        assert np.abs(theirs - mine).max() <= TOLERANCE * max(np.abs(mine).max(), 1e-6)
        compared += 1
    assert compared


@pytest.mark.parametrize("case", [c for c in CASES if c.id in LEFT_OUT])
def test_a_net_of_nothing_but_a_loss_is_refused(case):
    with pytest.raises(ConfigError, match="nothing but data and losses is in this phase"):
        recorded(case)


def test_all_cases_are_there(shared):
    assert len(CASES) >= 120
    assert {case.id for case in CASES} > LEFT_OUT

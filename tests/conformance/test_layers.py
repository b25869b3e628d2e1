"""Each layer computes what Caffe's did: tops, gradients and running statistics."""

import pytest

import netdef
from netdef.errors import UnknownType
from netdef.layer import LAYERS
from netdef.prototxt import read_net
from tests.conformance.recordings import GOLDENS, checker, layer_cases, missing_types

FOLDER = GOLDENS / "layers"
CASES = [pytest.param(case, id=case["name"]) for case in layer_cases()]


def test_every_recording_is_a_case(shared):
    recorded = {path.stem for path in (shared / "goldens" / "layers").glob("*.npz")}
    assert recorded == {case.values[0]["name"] for case in CASES}
    assert len(recorded) >= 120


@pytest.mark.parametrize("case", CASES)
def test_layer(case):
    missing = missing_types(FOLDER / f"{case['name']}.prototxt")
    if not missing:
        assert checker().check_layer(netdef, str(FOLDER), case) == []
        return
    with pytest.raises(UnknownType) as caught:
        checker().check_layer(netdef, str(FOLDER), case)
    assert any(f": no layer type {name!r}" in str(caught.value) for name in missing)


def test_a_wrong_number_is_seen(monkeypatch):
    case = next((c.values[0] for c in CASES if c.id == "relu"), None)
    if case is None:
        pytest.skip("needs the recordings")
    monkeypatch.setattr(LAYERS["ReLU"], "forward", lambda self, ops, x, y: ops.copy(x, out=y))
    assert checker().check_layer(netdef, str(FOLDER), case)


def test_layers_of_the_first_milestone_are_there(shared):
    """The recorded layers that netdef has are at least those that LeNet to ResNet need."""
    tried = set()
    for case in CASES:
        net = read_net(FOLDER / f"{case.values[0]['name']}.prototxt").net
        tried |= {layer.type for layer in net.layer} & set(LAYERS)
    assert tried >= {
        "Accuracy", "BatchNorm", "Concat", "Convolution", "Eltwise", "Flatten", "InnerProduct",
        "LRN", "Pooling", "ReLU", "Scale", "Sigmoid", "Softmax", "SoftmaxWithLoss", "TanH",
    }  # fmt: skip

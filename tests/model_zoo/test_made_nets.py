"""What is committed is what the scripts write, and means what configs/ means."""

import pytest
from make_zoo import NETS, ROOT, ZOO, files

from netdef.model_zoo import nets
from netdef.prototxt import read_net, read_solver

FILES = dict(files())
CONFIGS = {
    "lenet": "mnist/lenet",
    "cifar10_quick": "cifar10/cifar10_quick",
    "cifar10_full": "cifar10/cifar10_full",
    "char_lstm": "char_lstm/char_lstm",
}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_file_is_what_make_zoo_writes(path):
    assert path.read_text(encoding="utf-8") == FILES[path], "run python scripts/make_zoo.py"


def test_no_file_is_left_over():
    assert {p for p in ZOO.glob("*/*.prototxt") if p.parent.name != "digits"} == set(FILES)
    assert nets.names() == sorted([*NETS, "char_lstm"])


@pytest.mark.parametrize("name", sorted({p.parent.name for p in FILES} - {"ssd300"}))
def test_every_net_but_ssd_can_be_trained(name):
    solver = read_solver(nets.prototxt(f"{name}/solver"))
    assert solver.net == "train_val.prototxt"
    assert solver.base_lr > 0 and solver.max_iter > 0 and solver.test_iter[0] > 0


@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_the_net_of_the_configurations(name):
    mine = read_net(nets.prototxt(f"{name}/train_val")).net.layer
    theirs = read_net(ROOT / "configs" / f"{CONFIGS[name]}_train_test.prototxt").net.layer
    assert [meaning(m) for m in mine] == [meaning(t) for t in theirs]


def meaning(layer):
    """Return what a layer does, however its defaults are written."""
    copy = type(layer)()
    copy.CopyFrom(layer)
    if copy.include and copy.type in ("Data", "HDF5Data"):
        copy.name = ""
    for block in (copy.convolution_param, copy.inner_product_param):
        if block.bias_filler.type == "constant" and not block.bias_filler.value:
            block.ClearField("bias_filler")
    if list(copy.convolution_param.stride) == [1]:
        copy.convolution_param.ClearField("stride")
    multipliers = [(p.lr_mult, p.decay_mult) for p in copy.param]
    learns = copy.type in ("Convolution", "InnerProduct")
    del copy.param[:]
    for field, _ in list(copy.ListFields()):
        if field.name.endswith("_param") and not getattr(copy, field.name).ListFields():
            copy.ClearField(field.name)
    return str(copy), (multipliers or [(1, 1), (1, 1)]) if learns else None


@pytest.mark.parametrize("name", ["lenet", "cifar10_quick", "cifar10_full"])
def test_it_has_the_recipe_of_the_configurations(name):
    mine = read_solver(nets.prototxt(f"{name}/solver"))
    theirs = read_solver(ROOT / "configs" / f"{CONFIGS[name]}_solver.prototxt")
    for field in ("base_lr", "momentum", "weight_decay", "test_iter", "test_interval", "power"):
        assert getattr(mine, field) == getattr(theirs, field), field

"""What a user's mistakes get: one line that says where, what and how to mend it; no traceback."""

import sys

import lmdb
import numpy as np
import pytest

import netdef
from netdef.data.datum import encode

from .editing import edit

NET, SOLVER = "digits_train_test.prototxt", "digits_solver.prototxt"


@pytest.fixture
def refused(digits, netdef):
    """Run a command that must be refused; return its one line, and see that it left no file."""

    def run(*arguments: object) -> str:
        before = sorted(digits.rglob("*"))
        ran = netdef(*arguments)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith("netdef: error: ") and ran.err.count("\n") == 1
        assert sorted(digits.rglob("*")) == before
        return ran.err.removeprefix("netdef: error: ").rstrip("\n")

    return run


def line_of(path, text: str) -> int:
    """Return the line at which the layer whose text holds ``text`` begins."""
    before = path.read_text().partition(text)[0]
    return before[: before.rindex("\nlayer {") + 1].count("\n") + 1


@pytest.mark.parametrize("command", ["show", "test", "time"])
def test_a_net_that_is_not_there(refused, command):
    more = ("--weights", "w.caffemodel") if command == "test" else ()
    assert refused(command, "--model", "nope.prototxt", *more) == (
        "nope.prototxt: no such file or folder"
    )


def test_a_solver_that_is_not_there(refused):
    assert refused("train", "--solver", "nope.prototxt") == "nope.prototxt: no such file or folder"


@pytest.mark.parametrize("option", ["--weights", "--snapshot"])
def test_weights_that_are_not_there(netdef, digits, option):
    ran = netdef("train", "--solver", SOLVER, option, "nope")
    assert (ran.status, ran.err) == (2, "netdef: error: nope: no such file or folder\n")


def test_a_typo_in_a_field(refused, digits):
    edit(digits / NET, ("num_output: 32", "num_outputs: 32"))
    message = refused("show", "--model", NET)
    line = digits.joinpath(NET).read_text().partition("num_outputs")[0].count("\n") + 1
    assert message == (
        f"{NET}:{line}:23: ConvolutionParameter has no field 'num_outputs';"
        " did you mean 'num_output'?"
    )


def test_a_typo_in_a_field_of_the_solver(refused, digits):
    edit(digits / SOLVER, ("momentum:", "momentun:"))
    line = digits.joinpath(SOLVER).read_text().partition("momentun")[0].count("\n") + 1
    assert refused("train", "--solver", SOLVER) == (
        f"{SOLVER}:{line}:1: SolverParameter has no field 'momentun'; did you mean 'momentum'?"
    )


def test_a_typo_in_a_type(refused, digits):
    edit(digits / NET, ('"Dropout"', '"Dropuot"'))
    line = line_of(digits / NET, '"Dropuot"')
    assert refused("train", "--solver", SOLVER) == (
        f"{NET}:{line}: layer 'drop1': no layer type 'Dropuot'; did you mean 'Dropout'?"
    )


def test_a_bottom_that_nobody_makes(refused, digits):
    edit(digits / NET, ('bottom: "pool2"', 'bottom: "pol2"'))
    line = line_of(digits / NET, '"pol2"')
    assert refused("time", "--model", NET) == (
        f"{NET}:{line}: layer 'ip1' (InnerProduct): no earlier layer makes its bottom 'pol2';"
        " did you mean 'pool2'?"
    )


def test_shapes_that_do_not_fit(refused, digits):
    edit(digits / NET, ("kernel_size: 3 pad: 1", "kernel_size: 9 pad: 0"))
    line = line_of(digits / NET, '"conv1"')
    assert refused("show", "--model", NET) == (
        f"{NET}:{line}: layer 'conv1' (Convolution): a kernel of (9, 9) pixels is larger than the"
        " padded image (8, 8)"
    )


def write_digits(path, labels) -> None:
    """Write a database of blank images."""
    with lmdb.open(str(path)) as database, database.begin(write=True) as transaction:
        for number, label in enumerate(labels):
            image = np.zeros((1, 8, 8), np.uint8)
            transaction.put(b"%08d" % number, encode(image, label))


def test_a_label_out_of_range(netdef, digits):
    write_digits(digits / "odd_lmdb", [3, 12])
    edit(digits / NET, ("digits_train_lmdb", "odd_lmdb"))
    line = line_of(digits / NET, '"SoftmaxWithLoss"')
    ran = netdef("train", "--solver", SOLVER)
    assert ran.status == 2
    assert ran.err.splitlines()[-1] == (
        f"netdef: error: {NET}:{line}: layer 'loss' (SoftmaxWithLoss): label 12 (item 1 of the"
        " batch) is outside the 10 classes 0 to 9; correct the label, or the number of outputs"
        " below"
    )
    assert not list(digits.glob("*_iter_*"))


def test_an_empty_database(refused, digits):
    write_digits(digits / "empty_lmdb", [])
    edit(digits / NET, ("digits_train_lmdb", "empty_lmdb"))
    line = line_of(digits / NET, '"empty_lmdb"')
    assert refused("train", "--solver", SOLVER) == (
        f"{NET}:{line}: layer 'digits' (Data): empty_lmdb: the database is empty; convert the"
        " images again"
    )


def test_a_half_written_database(refused, digits):
    (digits / "half_lmdb").mkdir()
    content = (digits / "digits_train_lmdb" / "data.mdb").read_bytes()
    (digits / "half_lmdb" / "data.mdb").write_bytes(content[: len(content) // 2 // 4096 * 4096])
    edit(digits / NET, ("digits_train_lmdb", "half_lmdb"))
    line = line_of(digits / NET, '"half_lmdb"')
    size = len(content) // 2 // 4096 * 4096
    assert refused("train", "--solver", SOLVER) == (
        f"{NET}:{line}: layer 'digits' (Data): half_lmdb: its data.mdb has {size} bytes of"
        f" {len(content)}; it was cut short, so copy or convert it again"
    )


def test_weights_of_another_net(refused, digits):
    other = digits / "other.prototxt"
    other.write_text(
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }\n'
        'layer { name: "ip2" type: "InnerProduct" bottom: "x" top: "y"\n'
        "  inner_product_param { num_output: 2 } }\n"
    )
    netdef.Net(str(other), netdef.TEST).save("other.caffemodel")
    assert refused("test", "--model", NET, "--weights", "other.caffemodel") == (
        "other.caffemodel: layer 'ip2': blob 0 has the shape (2, 3), in the net (10, 128);"
        " rename the layer to start it afresh"
    )


def test_weights_cut_short(refused, digits):
    netdef.Net(NET, netdef.TEST).save("whole.caffemodel")
    content = (digits / "whole.caffemodel").read_bytes()
    (digits / "cut.caffemodel").write_bytes(content[:-6])
    assert refused("test", "--model", NET, "--weights", "cut.caffemodel") == (
        "cut.caffemodel: is cut off or damaged: at least 6 bytes are missing"
    )


@pytest.mark.parametrize("prefix", ["nowhere/digits", "digits_train_lmdb/data.mdb/digits"])
def test_a_snapshot_prefix_that_cannot_be_written(refused, digits, prefix):
    edit(digits / SOLVER, ('snapshot_prefix: "digits"', f'snapshot_prefix: "{prefix}"'))
    message = refused("train", "--solver", SOLVER)
    assert message.startswith(f"{SOLVER}: snapshot_prefix '{prefix}': the")
    assert message.endswith(("make it first", "choose another"))


@pytest.mark.parametrize(
    "command",
    [
        ("train", "--solver", SOLVER),
        ("test", "--model", NET, "--weights", "w"),
        ("time", "--model", NET),
    ],
)
def test_a_gpu_that_is_not_there(refused, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert refused(*command, "--gpu", 0) == (
        "GPU mode needs CuPy: pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver"
        " is; or run on the CPU (solver_mode: CPU, no --gpu)"
    )


def test_a_net_in_the_place_of_a_solver(refused):
    message = refused("train", "--solver", NET)
    assert message.endswith(": this is a net (it has 'name'), but a solver is expected")


def test_old_fields_that_nobody_reads_are_warned_of_once(netdef, digits):
    edit(digits / NET, ("backend: LMDB", "backend: LMDB scale: 0.5"))
    line = line_of(digits / NET, "scale: 0.5")
    ran = netdef("show", "--model", NET)
    assert ran.status == 0
    assert ran.err.splitlines()[0] == (
        f"netdef: warning: {NET}:{line}: layer 'digits' (Data): data_param has scale, which nobody"
        " reads there; write transform_param { scale: ... }"
    )
    assert ran.err.count("\n") == 2  # the layer of each phase

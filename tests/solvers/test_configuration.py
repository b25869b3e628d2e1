import re

import pytest

from netdef.errors import ConfigError
from netdef.prototxt import parse_solver, read_net, read_solver
from netdef.solvers import Solver
from netdef.solvers.configuration import inlined, override, write_configuration
from tests.solvers.conftest import SOLVER

TESTS = "test_iter: 1\ntest_interval: 2\n"


def solver_of(text=SOLVER):
    return parse_solver(text, "s.prototxt")


def test_fields_of_the_solver_leave_its_nets_where_they_are(folder):
    param = override(solver_of(), "s.prototxt", ["base_lr=0.5", "type=Adam"])
    assert (param.base_lr, param.type, param.net) == (0.5, "Adam", "net.prototxt")
    assert not param.HasField("net_param")


def test_fields_of_the_net_come_with_the_solver(folder):
    changes = ["net.ip1.inner_product_param.num_output=4", "net.ip2.lr_mult=0"]
    solver = Solver(override(solver_of(SOLVER + TESTS), "s.prototxt", changes), "s.prototxt")
    assert solver.net.blobs["ip1"].shape == (8, 4)
    assert solver.test_nets[0].blobs["ip1"].shape == (6, 4)
    assert [p.lr_mult for p in solver.net.shapes.params["ip2"]] == [0, 0]


def test_the_net_of_another_file(folder):
    (folder / "other.prototxt").write_text((folder / "net.prototxt").read_text())
    param = override(solver_of(), "s.prototxt", ["net=other.prototxt", "net.name=mine"])
    assert param.net_param.name == "mine"


def test_a_net_for_testing(folder):
    text = SOLVER.replace("net:", "test_net: 'net.prototxt' train_net:") + TESTS
    param = override(solver_of(text), "s.prototxt", ["net.data@TEST.hdf5_data_param.batch_size=3"])
    solver = Solver(param, "s.prototxt")
    assert solver.net.blobs["x"].shape == (8, 5)
    assert solver.test_nets[0].blobs["x"].shape == (3, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("momentun=1", "momentun=1: SolverParameter has no field 'momentun'; did you mean"
         " 'momentum'?"),
        ("net.ip9.type=x", "net.ip9.type=x: the net has no layer or field 'ip9'; did you mean"
         " 'ip2'?"),
    ],
)  # fmt: skip
def test_refusals(folder, change, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        override(solver_of(), "s.prototxt", [change])


def test_what_is_written_runs_as_it_is(folder):
    param = override(solver_of(SOLVER + TESTS), "s.prototxt", ["net.name=mine", "max_iter=3"])
    paths = write_configuration(param, "s.prototxt", "run")
    assert paths == ("run.solver.prototxt", "run.net.prototxt")
    again = read_solver("run.solver.prototxt")
    assert (again.net, again.snapshot_prefix, again.max_iter) == ("run.net.prototxt", "run", 3)
    assert read_net("run.net.prototxt").net == param.net_param
    Solver(again, "run.solver.prototxt").solve()


def test_nets_of_both_kinds_are_written(folder):
    text = SOLVER.replace("net:", "test_net: 'net.prototxt' train_net:") + TESTS
    write_configuration(solver_of(text), "s.prototxt", "run")
    again = read_solver("run.solver.prototxt")
    assert (again.train_net, len(again.test_net_param)) == ("run.net.prototxt", 1)
    assert inlined(again, "run.solver.prototxt").train_net_param == read_net("net.prototxt").net


def test_the_files_of_the_run_itself_are_left_alone(folder):
    text = "# mine\n" + SOLVER.replace("net.prototxt", "run.net.prototxt")
    (folder / "run.solver.prototxt").write_text(text)
    net = "# mine too\n" + (folder / "net.prototxt").read_text()
    (folder / "run.net.prototxt").write_text(net)
    write_configuration(read_solver("run.solver.prototxt"), "run.solver.prototxt", "run")
    assert (folder / "run.solver.prototxt").read_text() == text
    assert (folder / "run.net.prototxt").read_text() == net

"""Solvers of every age."""

from pathlib import Path

import pytest

from netdef.errors import TextError
from netdef.prototxt import parse_solver, read_solver


@pytest.mark.parametrize(
    ("old", "rule"),
    [
        ("SGD", "SGD"),
        ("NESTEROV", "Nesterov"),
        ("ADAGRAD", "AdaGrad"),
        ("RMSPROP", "RMSProp"),
        ("ADADELTA", "AdaDelta"),
        ("ADAM", "Adam"),
    ],
)
def test_an_old_type_becomes_a_name(old: str, rule: str) -> None:
    solver = parse_solver(f"solver_type: {old}", "s")
    assert (solver.type, solver.HasField("solver_type")) == (rule, False)


def test_two_types_may_agree() -> None:
    assert parse_solver('solver_type: ADAM type: "Adam"', "s").type == "Adam"


def test_two_types_that_disagree() -> None:
    with pytest.raises(TextError) as error:
        parse_solver('type: "SGD"\nsolver_type: ADAM', "s.prototxt")
    assert str(error.value) == (
        "s.prototxt:2: solver_type ADAM (the old form) and type 'SGD' disagree; remove solver_type"
    )


def test_nets_inside_are_upgraded() -> None:
    solver = parse_solver(
        "net_param { layers { type: RELU } } test_net_param { layers { type: LRN } }", "s"
    )
    assert solver.net_param.layer[0].type == "ReLU"
    assert solver.test_net_param[0].layer[0].type == "LRN"


def test_paths_stay_as_they_are_written(shared: Path) -> None:
    solver = read_solver(shared / "data/models/lenet/v1era_lenet_solver.prototxt")
    assert solver.net == "examples/mnist/lenet_train_test.prototxt"
    assert (solver.base_lr, solver.max_iter) == (pytest.approx(0.01), 10000)

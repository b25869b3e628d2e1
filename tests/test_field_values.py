import re

import pytest

from netdef.errors import NetdefError
from netdef.field_values import set_field
from netdef.proto import SolverParameter


@pytest.mark.parametrize(
    ("path", "value", "field", "read"),
    [
        ("base_lr", "0.005", "base_lr", 0.005),
        ("max_iter", "0x10", "max_iter", 16),
        ("type", "Adam", "type", "Adam"),
        ("type", '"Adam"', "type", "Adam"),
        ("snapshot_prefix", "", "snapshot_prefix", ""),
        ("solver_mode", "CPU", "solver_mode", SolverParameter.CPU),
        ("debug_info", "true", "debug_info", True),
        ("stepvalue", "10,20", "stepvalue", [10, 20]),
        ("stepvalue", "[10, 20]", "stepvalue", [10, 20]),
        ("stepvalue", "[]", "stepvalue", []),
        ("stepvalue[0]", "7", "stepvalue", [7, 2]),
        ("stepvalue[2]", "7", "stepvalue", [1, 2, 7]),
        ("train_state.level", "2", "train_state.level", 2),
        ("train_state", "{level: 3 stage: 'a'}", "train_state.stage", ["a"]),
        ("test_state[0].stage", "a,b", "test_state[0].stage", ["a", "b"]),
    ],
)
def test_what_a_field_takes(path, value, field, read):
    solver = SolverParameter(stepvalue=[1, 2])
    set_field(solver, path, value)
    found = eval(f"solver.{field}")
    assert (list(found) if isinstance(read, list) else found) == pytest.approx(read)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("base_lrr", "1", "SolverParameter has no field 'base_lrr'; did you mean 'base_lr'?"),
        ("base_lr", "fast", "base_lr takes a number, not fast"),
        ("base_lr", "", "base_lr has no value; it takes a number"),
        (
            "max_iter",
            "1.5",
            "max_iter takes a whole number from -2147483648 to 2147483647, not 1.5",
        ),
        (
            "solver_mode",
            "CPUU",
            "SolverParameter.SolverMode has no value 'CPUU'; did you mean 'CPU'?",
        ),
        ("base_lr.x", "1", "base_lr has no fields; it takes a number"),
        ("base_lr[0]", "1", "base_lr takes one value; leave out [0]"),
        ("stepvalue[3]", "1", "there is no stepvalue[3]; the next new one is [2]"),
        ("test_state.level", "1", "test_state is there more than once; write test_state[0]"),
        ("test_state[1].level", "1", "there is no test_state[1]; the next new one is [0]"),
        ("train_state", "1", "train_state takes a block in braces { }, not 1"),
        (
            "train_state",
            "{levl: 1}",
            "train_state:1:1: NetState has no field 'levl'; did you mean 'level'?",
        ),
        ("", "1", "SolverParameter has no field ''"),
    ],
)
def test_what_a_field_does_not_take(path, value, message):
    solver = SolverParameter(stepvalue=[1, 2])
    with pytest.raises(NetdefError, match=f"^{re.escape(message)}$"):
        set_field(solver, path, value)

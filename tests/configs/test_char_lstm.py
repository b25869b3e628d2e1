"""The character LSTM learns what its configuration promises."""

from pathlib import Path

import pytest

from netdef.data.convert_text import convert_text
from netdef.prototxt import read_solver
from netdef.solvers.solver import Solver
from netdef.solvers.testing import test as score

ROOT = Path(__file__).resolve().parents[2]
SOLVER = "configs/char_lstm/char_lstm_solver.prototxt"


@pytest.mark.slow
def test_held_out_shakespeare_takes_less_than_2_2_bits_a_character(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    convert_text(shared / "data/tinyshakespeare.txt", "examples/char_lstm")
    param = read_solver(SOLVER)
    param.test_interval, param.snapshot = 2 * param.max_iter, 0
    param.random_seed = 1
    solver = Solver(param, SOLVER, keep="outputs")
    try:
        solver.step(param.max_iter)
        [bits], _ = score(solver.test_nets[0], param.test_iter[0])
    finally:
        for net in (solver.net, *solver.test_nets):
            net.close()
    assert (bits.name, bits.value < 2.2) == ("bits", True), bits.value

"""Trainings that differ from Caffe's recordings, by rounding or by more."""

import check_solvers
import numpy as np
import pytest
from check_solvers import copied, judged, largest_distance, load_check, main
from click.testing import CliRunner

leaves_files_open = pytest.mark.filterwarnings("ignore::ResourceWarning")
"""As check.py does."""


@pytest.fixture
def goldens(shared):
    return shared / "goldens"


def test_distance_is_a_part_of_the_largest_recorded_number():
    recorded = {"a": np.array([4.0, -8.0]), "b": np.array([1.0]), "iter": np.array([3.0])}
    found = {"a": np.array([4.0, -7.0]), "b": np.array([1.05])}
    assert largest_distance(found, recorded, recorded) == 0.125
    assert largest_distance(found | {"a": recorded["a"]}, recorded, recorded) == pytest.approx(0.05)


@leaves_files_open
def test_what_is_as_recorded_passes(goldens):
    with copied(goldens / "solvers"):
        assert judged(load_check(goldens), "sgd_momentum") == "passed"


@leaves_files_open
def test_another_rule_fails_and_rounding_does_not_excuse_it(goldens):
    with copied(goldens / "solvers") as _:
        solver = check_solvers.Path("sgd_momentum.solver.prototxt")
        text = solver.read_text()
        assert "momentum: 0.9" in text
        solver.write_text(text.replace("momentum: 0.9", "momentum: 0.89"))
        verdict = judged(load_check(goldens), "sgd_momentum")
    assert verdict.startswith("failed: off by 0."), verdict


@pytest.mark.parametrize(
    ("moved", "kind"), [(0.03, "rounding"), (0.02, "rounding"), (0.01, "failed")]
)
def test_rounding_excuses_what_it_moves_as_far(moved, kind, monkeypatch):
    class Check:
        @staticmethod
        def check_solver(api, folder, name):
            return ["loss is off"]

    monkeypatch.setattr(check_solvers, "rounding_of", lambda name: (0.02, moved))
    assert judged(Check, "case") == (
        f"{kind}: off by 0.02, rounding moves it by {moved}; loss is off"
    )


@pytest.mark.parametrize(("verdict", "status"), [("rounding: why", 0), ("failed: why", 1)])
def test_the_command(verdict, status, goldens, monkeypatch):
    monkeypatch.setattr(
        check_solvers, "judged", lambda check, name: verdict if name == "sgd" else "passed"
    )
    ran = CliRunner().invoke(main, [str(goldens)])
    assert ran.exit_code == status
    counts = "1 differ by rounding, 0 failed" if status == 0 else "0 differ by rounding, 1 failed"
    assert ran.output.endswith(f"16 passed, {counts}\n")

"""``scripts/check_resume.py``: it finds equal what is, and different what is not."""

import check_resume
from check_resume import main
from click.testing import CliRunner


def test_a_run_that_was_killed_ends_as_one_that_was_not():
    ran = CliRunner().invoke(main, ["--iterations", "60"])
    assert ran.exit_code == 0, ran.output
    assert "killed when there was run_iter_15.solverstate" in ran.output
    assert "the same bytes after 60 iterations, resumed and unbroken" in ran.output


def test_another_end_is_found(monkeypatch):
    write = check_resume.write_run

    def write_another(folder, iterations):
        write(folder, iterations)
        solver = folder / "solver.prototxt"
        text = solver.read_text()
        assert "random_seed: 7" in text
        if folder.name == "killed":
            solver.write_text(text.replace("random_seed: 7", "random_seed: 8"))

    monkeypatch.setattr(check_resume, "write_run", write_another)
    ran = CliRunner().invoke(main, ["--iterations", "40"])
    assert ran.exit_code == 1
    assert "Error: the caffemodel of the resumed run differs" in ran.output


def test_a_training_that_fails_is_told_of():
    ran = CliRunner().invoke(main, ["--iterations", "40", "--option", "no_such_field=1"])
    assert ran.exit_code == 1
    assert "Error: the training failed:\n" in ran.output and "no_such_field" in ran.output

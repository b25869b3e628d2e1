"""``make check-gpu``: its steps, its report, and once the whole of it on the CPU."""

import sys
from pathlib import Path

import pytest
from check_gpu import NETS, Check, main
from click.testing import CliRunner
from gpu_steps import PARTS, Where
from growing_report import GrowingReport
from timed_step import ROOT, Step

WHERE = Where(1, NETS, Path("/shared"))


def step(title, code, **fields):
    return Step(title, (sys.executable, "-c", code), **{"limit": 20, **fields})


def check(tmp_path, *steps):
    report = GrowingReport(tmp_path / "report.md", "netdef on a GPU")
    check = Check(report, list(steps))
    check.run()
    return check, report.path.read_text()


def test_the_report_holds_each_step(tmp_path, capsys):
    steps = step("First", "print('one')"), step("Second", "print('two')")
    check_, text = check(tmp_path, *steps)
    assert [o.verdict for o in check_.outcomes.values()] == ["passed", "passed"]
    assert f"## First\n\n```\n$ {sys.executable} -c print('one')\n```\n```\none\npassed\n" in text
    rows = [" ".join(line.split()) for line in text.splitlines()[7:9]]
    assert rows == ["First passed 0", "Second passed 0"]
    assert capsys.readouterr().out == "First ... passed (0 s)\nSecond ... passed (0 s)\n"


def test_a_step_that_fails_does_not_stop_the_others(tmp_path):
    steps = step("First", ""), step("Second", "raise SystemExit(2)"), step("Third", "print(3)")
    check_, text = check(tmp_path, *steps)
    verdicts = [o.verdict for o in check_.outcomes.values()]
    assert verdicts == ["passed", "failed: exit status 2", "passed"]
    assert "failed: exit status 2" in text


def test_without_a_device_nothing_else_runs(tmp_path):
    steps = step("Device", "raise SystemExit('no GPU')"), step("Second", "print('runs')")
    check_, text = check(tmp_path, *steps)
    assert check_.outcomes["Second"].verdict == "left out: there is no such device"
    assert "no GPU\nfailed: exit status 1" in text and "runs" not in text.partition("##")[0]


def test_what_a_step_has_said_so_far_is_in_the_report(tmp_path):
    """An end at any time loses nothing: the second step looks at the report of its own run."""
    code = f"print('so far', flush=True); import time; time.sleep(0.5); text = open(r'{tmp_path}"
    code += "/report.md').read(); print('in it' if '```\\nso far\\n```' in text else text)"
    check_, text = check(tmp_path, step("First", ""), step("Second", code))
    assert check_.outcomes["Second"].output == "so far\nin it"
    assert "not run yet" not in text


def test_netdef_of_this_checkout_is_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/other")
    code = "import os; print(os.environ['PYTHONPATH'])"
    check_, _ = check(tmp_path, step("First", code))
    assert check_.outcomes["First"].output == f"{ROOT}:/other"


@pytest.mark.parametrize("part", PARTS)
def test_steps_on_a_gpu_say_which(part):
    for step in PARTS[part](WHERE):
        words = " ".join(step.command)
        assert any(w in words for w in ("--gpu 1", "--device 1", "--gpu /", "-m gpu")), words
        assert step.limit < 600
        scripts = [w for w in step.command if w.endswith(".py") and "goldens" not in w]
        assert all((ROOT / script).exists() for script in scripts)


def test_tests_for_gpus_are_found_wherever_they_lie():
    reference, own, other = (step.command for step in PARTS["agreement"](WHERE))
    assert reference[-1] == own[-1] == "tests/engines/test_agree.py" and own[-2] == "--ignore"
    assert {"tests/test_feeding.py", "tests/conformance/test_on_gpu.py"} <= set(other)
    assert not any(word.startswith("tests/engines") for word in other)
    assert all("gpu" in command for command in (reference, own, other))


def test_each_net_in_each_precision_is_a_step():
    titles = [step.title for step in PARTS["benchmark"](WHERE)]
    assert titles == [f"Training, {net}, {kind}" for net in NETS for kind in ("bf16", "f32")]
    assert len(NETS) == 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--parts", "golden"], "'golden' is not one of device, agreement, goldens, resume, "),
        (["--nets", "lenett"], "'lenett' is not one of alexnet, cifar10_quick, "),
        (["--device", "gpu"], "'gpu' is neither the number of a GPU nor 'cpu'"),
    ],
)
def test_bad_usage(arguments, said):
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 2
    assert said in ran.output


@pytest.mark.parametrize(("code", "status"), [("", 0), ("raise SystemExit(2)", 1)])
def test_the_exit_status_tells_of_failures(code, status, tmp_path, monkeypatch):
    monkeypatch.setitem(PARTS, "device", lambda where: [step("Device", "")])
    monkeypatch.setitem(PARTS, "memory", lambda where: [step("Memory", code)])
    given = ["--parts", "memory", "--device", "cpu", "--out", str(tmp_path / "report.md")]
    assert CliRunner().invoke(main, given).exit_code == status


def test_recordings_that_are_not_there_are_left_out(tmp_path):
    out = tmp_path / "report.md"
    given = ["--parts", "goldens,lenet", "--device", "cpu", "--shared", str(tmp_path / "none")]
    ran = CliRunner().invoke(main, [*given, "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    assert f"Recordings of Caffe: solvers ... left out: {tmp_path}/none/goldens" in ran.output
    assert out.read_text().startswith("# netdef on the CPU\n\n## Summary\n")


@pytest.mark.slow
def test_all_of_it_on_the_cpu(tmp_path):
    """Without a GPU, small: the way of every step has been gone."""
    out = tmp_path / "report.md"
    ran = CliRunner().invoke(main, ["--device", "cpu", "--nets", "lenet", "--out", str(out)])
    assert ran.exit_code == 0, ran.output + out.read_text()
    for words in ("ms call by call", "the same bytes after", "accuracy 0."):
        assert words in out.read_text()

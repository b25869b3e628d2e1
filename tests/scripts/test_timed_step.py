"""A program with a time limit."""

import sys
import time

from timed_step import ROOT, Step, run_step


def step(code, **fields):
    return Step("a step", (sys.executable, "-c", code), **{"limit": 20, **fields})


def run(code, **fields):
    return run_step(step(code, **fields), {}, lambda output: None)


def test_what_it_prints_is_kept_errors_too():
    found = run("import sys; print('one'); sys.stdout.flush(); print('two', file=sys.stderr)")
    assert (found.verdict, found.output) == ("passed", "one\ntwo")
    assert not found.has_failed


def test_it_runs_in_the_root_with_the_environment():
    code = "import os; print(os.getcwd(), os.environ['WORD'], 'PATH' in os.environ)"
    assert run_step(step(code), {"WORD": "here"}, print).output == f"{ROOT} here True"


def test_an_exit_status_is_a_failure():
    found = run("print('so far'); raise SystemExit(3)")
    assert (found.verdict, found.output) == ("failed: exit status 3", "so far")
    assert found.has_failed


def test_what_takes_too_long_is_ended_with_its_children():
    code = (
        "import subprocess, sys; print('begins', flush=True);"
        "subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    )
    began = time.monotonic()
    found = run(code, limit=1)
    assert (found.verdict, found.output) == ("failed: took more than 1 s", "begins")
    assert 1 <= found.seconds <= time.monotonic() - began < 20


def test_what_it_left_running_is_ended():
    code = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); print(child.pid)"
    )
    found = run(code)
    assert found.verdict == "passed"
    stat = f"/proc/{found.output}/stat"
    for _ in range(200):
        try:
            with open(stat) as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return  # ended, and nobody has asked for its status yet
        except FileNotFoundError:
            return
        time.sleep(0.01)
    raise AssertionError("it still runs")


def test_what_it_needs_is_looked_for_first(tmp_path):
    found = run("print('ran')", needs=(tmp_path, tmp_path / "none"))
    assert (found.verdict, found.output) == (f"left out: {tmp_path}/none is not there", "")
    assert not found.has_failed


def test_that_nothing_went_wrong_is_no_proof():
    assert run("print('3 skipped')", proof="[1-9] passed").verdict == (
        "failed: its output has nothing like '[1-9] passed'"
    )
    assert run("print('3 passed')", proof="[1-9] passed").verdict == "passed"


def test_a_target_that_is_missed_is_a_failure():
    code = "print('lenet (256)  1.20  1.50  missed'); print('resnet50  1.20  1.10')"
    flaw = r"(?m)^.*\bmissed$"
    assert run(code, flaw=flaw).verdict == "failed: lenet (256)  1.20  1.50  missed"
    assert run("print('dismissed, resnet50')", flaw=flaw).verdict == "passed"


def test_the_output_so_far_is_told():
    told = []
    run_step(step("print('one', flush=True); print('two')"), {}, told.append)
    assert told == ["one", "one\ntwo"]


def test_of_much_output_the_end_is_kept():
    lines = run("for i in range(700): print(i)").output.splitlines()
    assert lines[:2] == ["(200 lines left out)", "200"]
    assert lines[-1] == "699"

"""A program that is run with a time limit, and what came of it."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_MOST_LINES = 500
"""Of the output that is kept: the last ones."""


@dataclass(frozen=True)
class Step:
    """A command, the seconds it may take, the paths it needs, and what it must print or must not.

    ``proof`` and ``flaw`` are regular expressions: a test run in which all was skipped ends
    well, too, and so does a benchmark that misses its target.
    """

    title: str
    command: tuple[str, ...]
    limit: float
    needs: tuple[Path, ...] = ()
    proof: str = ""
    flaw: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a step ended: ``verdict`` begins with passed, failed or left out."""

    verdict: str
    seconds: float
    output: str

    @property
    def has_failed(self) -> bool:
        """True if the step ran, and not well."""
        return self.verdict.startswith("failed")


def run_step(step: Step, env: Mapping[str, str], tell: Callable[[str], None]) -> Outcome:
    """Run a step in the root of the checkout; ``tell`` gets its output so far, line by line."""
    missing = [path for path in step.needs if not path.exists()]
    if missing:
        return Outcome(f"left out: {missing[0]} is not there", 0.0, "")
    began, lines, is_late = time.monotonic(), list[str](), threading.Event()
    with _started(step, env) as process:

        def stop() -> None:
            is_late.set()
            _kill_all(process)

        alarm = threading.Timer(step.limit, stop)
        alarm.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                tell(_last(lines))
            status = process.wait()
        finally:
            alarm.cancel()
            _kill_all(process)
    output = _last(lines)
    verdict = _verdict(step, status, is_late.is_set(), output)
    return Outcome(verdict, time.monotonic() - began, output)


def _started(step: Step, env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a step in a session of its own, so that its children can be ended with it."""
    return subprocess.Popen(
        step.command,
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _verdict(step: Step, status: int, is_late: bool, output: str) -> str:
    if is_late:
        return f"failed: took more than {step.limit:.0f} s"
    if status != 0:
        return f"failed: exit status {status}"
    if not re.search(step.proof, output):
        return f"failed: its output has nothing like '{step.proof}'"
    flaws = re.findall(step.flaw, output) if step.flaw else []
    return f"failed: {flaws[0].strip()}" if flaws else "passed"


def _kill_all(process: "subprocess.Popen[str]") -> None:
    """End the process and those that it began."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _last(lines: list[str]) -> str:
    left_out = len(lines) - _MOST_LINES
    head = [f"({left_out} lines left out)"] if left_out > 0 else []
    return "\n".join([*head, *lines[-_MOST_LINES:]])

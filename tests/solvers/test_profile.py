import json

import numpy as np

from netdef.solvers.profile import Profile
from tests.solvers.test_solver import solver


class Clock:
    """A clock that goes on by a millisecond whenever it is looked at."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        self.now += 1
        return self.now / 1000


def profiled(extra):
    trained = solver(extra, keep="outputs")
    trained.reporter = Profile(trained, Clock())
    trained.solve()
    return trained.reporter, trained


def test_the_table_has_every_layer_and_the_update(folder):
    profile, _ = profiled("max_iter: 6")
    assert (
        profile.table()
        == """\
4 iterations  type             forward ms  backward ms  both ms
---------------------------------------------------------------
ip1           InnerProduct           1.00         1.00     2.00
tanh          TanH                   1.00         1.00     2.00
ip2           InnerProduct           1.00         1.00     2.00
loss          SoftmaxWithLoss        1.00         1.00     2.00
data          HDF5Data               1.00         0.00     1.00
update        SGD                    0.00         0.00     1.00
---------------------------------------------------------------
sum                                  5.00         4.00    10.00"""
    )


def test_the_trace_is_one_of_complete_events(folder):
    profile, _ = profiled("max_iter: 4\niter_size: 2")
    profile.write("trace.json")
    trace = json.loads((folder / "trace.json").read_text())
    assert trace["displayTimeUnit"] == "ms"
    events = trace["traceEvents"]
    assert len(events) == 2 * (2 * (5 + 4) + 2)
    said = {"name": "ip1", "cat": "forward", "ts": 2000, "dur": 1000}
    assert events[1] == {**said, "ph": "X", "pid": 0, "tid": 0}
    whole = [e for e in events if e["cat"] == "iteration"]
    assert [e["name"] for e in whole] == ["iteration 3", "iteration 4"]
    for event in events:
        assert any(
            one["ts"] <= event["ts"] and event["ts"] + event["dur"] <= one["ts"] + one["dur"]
            for one in whole
        )


def test_a_long_run_is_traced_at_its_beginning_only(folder):
    profile, _ = profiled("max_iter: 30")
    profile.write("trace.json")
    events = json.loads((folder / "trace.json").read_text())["traceEvents"]
    assert sum(e["cat"] == "iteration" for e in events) == 20
    assert profile.table().startswith("28 iterations")


def test_a_run_that_is_too_short_says_so(folder):
    profile, _ = profiled("max_iter: 1")
    assert profile.table().startswith("0 iterations")


def test_nothing_changes(folder):
    _, watched = profiled("max_iter: 4")
    plain = solver("max_iter: 4", keep="outputs")
    plain.solve()
    np.testing.assert_array_equal(watched.net.weights.data, plain.net.weights.data)

"""Epochs as a unit: how long to train, and tests over the whole set."""

from pathlib import Path

import numpy as np
import pytest

from netdef.errors import ConfigError
from netdef.prototxt import parse_solver, read_solver
from netdef.solvers.configuration import override, write_configuration
from netdef.solvers.dry_run import plan_run
from netdef.solvers.epochs import in_iterations
from netdef.solvers.lr_search import sweep
from netdef.solvers.reporter import Reporter
from tests.solvers.conftest import SOLVER
from tests.solvers.test_solver import FILE, assert_equal, solver, weights

EPOCHS = SOLVER.replace("max_iter: 6", "max_epoch: 2")
WHOLE = "test_whole_set: true\ntest_interval: 4\n"


class Found(Reporter):
    """Keeps what tests found."""

    def __init__(self):
        self.scores = []

    def tested(self, event):
        self.scores.append((event.iteration, {o.name: o.value for o in event.outputs}))


@pytest.mark.parametrize(
    ("epochs", "batch", "iter_size", "iterations"),
    [(1, 8, 1, 3), (2, 8, 1, 6), (2, 7, 1, 7), (3, 10, 2, 4), (1, 64, 1, 1), (5, 64, 3, 1)],
)
def test_an_epoch_is_a_pass_over_the_24_records(folder, epochs, batch, iter_size, iterations):
    text = Path("net.prototxt").read_text().replace("batch_size: 8", f"batch_size: {batch}")
    Path("net.prototxt").write_text(text)
    mine = solver(f"max_epoch: {epochs}\niter_size: {iter_size}", text=EPOCHS)
    assert mine.param.max_iter == iterations
    mine.solve()
    assert mine.iter == iterations
    handed_out = mine.net.sources["data"].state()["position"]
    assert handed_out == iterations * batch * iter_size >= epochs * 24
    assert handed_out - batch * iter_size < epochs * 24


@pytest.mark.parametrize("policy", ["poly", "cosine", "onecycle"])
def test_schedules_end_with_the_epochs(folder, policy):
    extra = f'lr_policy: "{policy}"\npower: 1\n'
    mine, other = solver(extra, text=EPOCHS), solver(extra)
    assert [mine.schedule.rate(i) for i in range(6)] == [other.schedule.rate(i) for i in range(6)]
    mine.solve()
    other.solve()
    assert_equal(weights(mine), weights(other))


def test_what_ran_is_written_in_iterations(folder):
    mine = solver(text=EPOCHS)
    write_configuration(mine.param, FILE, "run")
    again = read_solver("run.solver.prototxt")
    assert (again.max_iter, again.HasField("max_epoch")) == (6, False)


def test_plans_and_sweeps_know_epochs(folder):
    param = parse_solver(EPOCHS + WHOLE, FILE)
    planned = plan_run(param, FILE)
    assert (planned.param.max_iter, len(planned.tests)) == (6, 1)
    assert in_iterations(param, FILE).max_iter == 6
    assert param.max_epoch == 2
    assert len(sweep(param, FILE, iterations=20).rates) == 20


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("max_epoch: 2", "max_iter and max_epoch are both set; keep one"),
        ("max_iter: 1\ntest_iter: 2\n" + WHOLE,
         "test_whole_set tests every record; leave out test_iter"),
        ("test_whole_set: true", "has test_whole_set, but no test_interval; set it to 1 or more"),
        ("net: ''\ntrain_net: 'net.prototxt'\n" + WHOLE,
         "has test_whole_set, but names no net to test; set test_net"),
    ],
)  # fmt: skip
def test_fields_that_do_not_go_together(folder, extra, message):
    text = SOLVER.replace('net: "net.prototxt"', "") if "train_net" in extra else SOLVER
    with pytest.raises(ConfigError) as error:
        solver(extra.replace("net: ''\n", ""), text=text)
    assert str(error.value) == f"{FILE}: {message}"


def test_less_than_an_epoch(folder):
    with pytest.raises(ConfigError) as error:
        solver("max_epoch: 0", text=EPOCHS)
    assert str(error.value) == f"{FILE}: max_epoch must be at least 1, got 0"


def without_end(phase):
    """Let the data of a phase be made up: they have no last record."""
    data = f'layer {{ name: "data" type: "HDF5Data" top: "x" top: "label" include {{ phase: {phase}'
    text = Path("net.prototxt").read_text()
    size = {"TRAIN": 8, "TEST": 6}[phase]
    source = f'hdf5_data_param {{ source: "list.txt" batch_size: {size} }} }}'
    made_up = f"dummy_data_param {{ shape {{ dim: {size} dim: 5 }} shape {{ dim: {size} }} }} }}"
    assert data in text
    assert source in text
    text = text.replace(data, data.replace("HDF5Data", "DummyData")).replace(source, made_up)
    Path("net.prototxt").write_text(text)


def test_data_without_an_end(folder):
    without_end("TRAIN")
    with pytest.raises(ConfigError) as error:
        solver(text=EPOCHS)
    message = (
        "data layer 'data' (DummyData) has no last record, so a pass over it has no end; count"
        " batches instead (max_iter, test_iter, --iterations)"
    )
    assert str(error.value) == f"{FILE}: {message}"
    with pytest.raises(ConfigError) as error:
        plan_run(parse_solver(EPOCHS, FILE), FILE)
    assert str(error.value) == f"{FILE}: {message}"


def test_test_data_without_an_end(folder):
    without_end("TEST")
    with pytest.raises(ConfigError) as error:
        solver(WHOLE)
    assert str(error.value).startswith(
        "net.prototxt: data layer 'data' (DummyData) has no last record"
    )


@pytest.mark.parametrize("batch", [5, 6, 24, 100])
def test_a_test_over_the_whole_set(folder, batch):
    one = Found()
    solver("test_iter: 4\ntest_interval: 4\n", reporter=one).solve()
    text = Path("net.prototxt").read_text().replace("batch_size: 6", f"batch_size: {batch}")
    Path("net.prototxt").write_text(text)
    whole = Found()
    solver(WHOLE, reporter=whole).solve()
    assert [at for at, _ in whole.scores] == [at for at, _ in one.scores] == [0, 4]
    for (_, mine), (_, theirs) in zip(whole.scores, one.scores, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-6)


def test_each_named_net_is_tested(folder):
    mine = solver(WHOLE + "test_net: 'net.prototxt'\ntest_net: 'net.prototxt'")
    assert len(mine.test_nets) == 2
    mine = solver(WHOLE + "test_state {}\ntest_state { stage: 'other' }")
    assert len(mine.test_nets) == 2


def test_training_is_the_same_whatever_is_tested(folder):
    mine, other = solver(WHOLE), solver()
    mine.solve()
    other.solve()
    assert_equal(weights(mine), weights(other))


def test_a_run_with_whole_sets_goes_on_to_the_same_bytes(folder):
    text = EPOCHS + WHOLE + "monitor: 'accuracy'\nsnapshot: 3\nsnapshot_prefix: 's'\n"
    text = text.replace("snapshot_after_train: false", "")
    solver(text=text).solve()
    whole = [Path(f"s_iter_6.{ending}").read_bytes() for ending in ("caffemodel", "solverstate")]
    solver(text=text).solve("s_iter_3.solverstate")
    again = [Path(f"s_iter_6.{ending}").read_bytes() for ending in ("caffemodel", "solverstate")]
    assert again == whole


def test_changes_of_a_run_take_the_place_of_what_they_exclude(folder):
    text = SOLVER + "test_iter: 4\ntest_interval: 2\n"
    param = override(parse_solver(text, FILE), FILE, ["max_epoch=2", "test_whole_set=true"])
    assert (param.max_epoch, param.test_whole_set) == (2, True)
    assert not param.HasField("max_iter")
    assert not param.test_iter
    back = override(param, FILE, ["max_iter=9", "test_iter=3"])
    assert (back.max_iter, list(back.test_iter)) == (9, [3])
    assert not back.HasField("max_epoch")
    assert not back.test_whole_set
    both = override(param, FILE, ["max_iter=9", "max_epoch=1"])
    assert (both.max_iter, both.max_epoch) == (9, 1)


def test_metrics_tell_the_epoch(folder):
    import json

    from netdef.solvers.metrics_reporter import MetricsReporter

    solver(WHOLE + "display: 3", text=EPOCHS, reporter=MetricsReporter("m.jsonl")).solve()
    found = [json.loads(line) for line in Path("m.jsonl").read_text().splitlines()]
    assert found[0]["epoch_records"] == 24
    epochs = [(line["event"], line["iteration"], line.get("epoch")) for line in found[1:]]
    assert epochs == [
        ("test", 0, 0),
        ("train", 0, 0),
        ("train", 3, 1),
        ("test", 4, pytest.approx(4 / 3)),
        ("train", 6, 2),
        ("end", 6, None),
    ]
    assert np.isfinite([line["loss"] for line in found if line["event"] == "train"]).all()

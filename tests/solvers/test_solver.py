import numpy as np
import pytest

import netdef
from netdef.errors import ConfigError, Diverged, NetdefError
from netdef.mode import _Choices
from netdef.prototxt import parse_solver
from netdef.solvers import SGDSolver, Solver, get_solver
from netdef.solvers.reporter import Reporter
from tests.solvers.conftest import NET, SOLVER

FILE = "a.solver.prototxt"


def solver(extra="", text=SOLVER, **options):
    """Make a solver of ``text`` in which the fields of ``extra`` come instead."""
    own = {line.split(":")[0] for line in extra.splitlines()}
    kept = [line for line in text.splitlines() if line.split(":")[0] not in own]
    return Solver(parse_solver("\n".join([*kept, extra]), FILE), FILE, **options)


def weights(solver):
    return [p.data.copy() for blobs in solver.net.params.values() for p in blobs]


def assert_equal(mine, theirs):
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


class Notes(Reporter):
    """Writes down what it hears."""

    def __init__(self):
        self.heard = []

    def started(self, event):
        self.heard.append(("started", event.iteration, event.max_iter, event.batch))

    def trained(self, iteration, loss):
        self.heard.append(("trained", iteration))

    def displayed(self, event):
        self.heard.append(("displayed", event.iteration, event.iterations))

    def tested(self, event):
        self.heard.append(("tested", event.iteration, event.net))

    def snapshotting(self, path):
        self.heard.append(("snapshotting", path))

    def finished(self):
        self.heard.append(("finished",))


def run(extra, run=Solver.solve):
    notes = Notes()
    run(solver(extra, reporter=notes))
    return notes.heard


def test_names_of_pycaffe(folder):
    (folder / FILE).write_text(SOLVER)
    mine = netdef.get_solver(FILE)
    assert mine.iter == 0 and mine.param.max_iter == 6 and mine.test_nets == []
    mine.step(2)
    assert mine.iter == 2 and mine.lr == pytest.approx(0.1)
    assert set(mine.net.params) == {"ip1", "ip2"}


def test_training_lowers_the_loss(folder):
    mine = solver()
    mine.step(1)
    first = mine.net.blobs["loss"].data.item()
    mine.step(60)
    assert mine.net.blobs["loss"].data.item() < first / 2


def test_one_iteration_by_hand(folder):
    mine = solver("weight_decay: 0.01")
    before = weights(mine)
    mine.step(1)
    after = weights(mine)
    for i, (name, index) in enumerate((("ip1", 0), ("ip1", 1), ("ip2", 0), ("ip2", 1))):
        grad = mine.net.params[name][index].diff
        rate, decay = (0.2, 0) if (name, index) == ("ip1", 1) else (0.1, 0.01)
        step = rate * (grad + decay * before[i])
        np.testing.assert_allclose(after[i], before[i] - step, rtol=1e-5, atol=1e-7)


def test_iter_size_is_the_mean_of_batches(folder):
    parts = solver("iter_size: 3")
    parts.step(1)
    text = NET.replace("batch_size: 8", "batch_size: 24")
    (folder / "net.prototxt").write_text(text)
    whole = solver()
    whole.step(1)
    for mine, theirs in zip(weights(parts), weights(whole), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_a_seed_repeats_the_run(folder):
    runs = []
    for seed in (3, 3, 4):
        mine = solver(f"random_seed: {seed}")
        mine.step(3)
        runs.append(weights(mine))
    assert_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0][0], runs[2][0])


def test_keeping_outputs_only_trains_the_same(folder):
    a, b = solver(keep="blobs"), solver(keep="outputs")
    a.step(4), b.step(4)
    assert_equal(weights(a), weights(b))


@pytest.mark.parametrize("keep", ["blobs", "outputs"])
def test_loss_that_another_layer_reads(folder, keep):
    (folder / "net.prototxt").write_text(
        NET + 'layer { name: "quiet" type: "Silence" bottom: "loss" }'
    )
    mine = solver("test_iter: 1\ntest_interval: 1\ntest_compute_loss: true", keep=keep)
    mine.step(2)
    assert mine.net.outputs == [] and mine.iter == 2


def test_sgd_solver_is_sgd_whatever_the_file_says(folder):
    (folder / FILE).write_text(SOLVER + 'type: "Adam"\n')
    assert SGDSolver(FILE).param.type == "SGD"


def test_weights_to_begin_with(folder):
    first = solver()
    first.net.save("first.caffemodel")
    second = solver('random_seed: 8\nweights: "first.caffemodel"')
    assert_equal(weights(first), weights(second))


def test_order_of_events(folder):
    heard = run("max_iter: 3\ndisplay: 2\ntest_iter: 2\ntest_interval: 3\nsnapshot_prefix: 's'")
    assert heard == [
        ("started", 0, 3, 8),
        ("tested", 0, 0),
        ("displayed", 0, 0),
        ("trained", 1),
        ("trained", 2),
        ("displayed", 2, 2),
        ("trained", 3),
        ("tested", 3, 0),
        ("finished",),
    ]


def test_loss_is_displayed_at_the_end_and_no_test_at_the_start(folder):
    heard = run(
        "max_iter: 2\ndisplay: 2\ntest_iter: 1\ntest_interval: 2\ntest_initialization: false"
    )
    assert [h for h in heard if h[0] != "trained"] == [
        ("started", 0, 2, 8),
        ("displayed", 0, 0),
        ("displayed", 2, 0),
        ("tested", 2, 0),
        ("finished",),
    ]


@pytest.mark.parametrize(
    ("extra", "iterations"),
    [
        ("max_iter: 4\nsnapshot: 2\nsnapshot_after_train: true", [2, 4]),
        ("max_iter: 3\nsnapshot: 2\nsnapshot_after_train: true", [2, 3]),
        ("max_iter: 3\nsnapshot: 2\nsnapshot_after_train: false", [2]),
        ("max_iter: 3\nsnapshot_after_train: true", [3]),
    ],
)
def test_when_snapshots_are_taken(folder, extra, iterations):
    heard = run(f"{extra}\nsnapshot_prefix: 's'")
    assert [h[1] for h in heard if h[0] == "snapshotting"] == [
        f"s_iter_{i}.{ending}" for i in iterations for ending in ("caffemodel", "solverstate")
    ]


def test_smoothed_loss_is_the_mean_of_the_last(folder):
    losses, shown = [], []

    class Losses(Reporter):
        def trained(self, iteration, loss):
            losses.append(loss)

        def displayed(self, event):
            shown.append(event.loss)

    solver("display: 1\naverage_loss: 3", reporter=Losses()).step(5)
    means = [np.mean(losses[max(0, i - 2) : i + 1]) for i in range(5)]
    assert shown == pytest.approx(means)


def test_smoothing_begins_anew_with_each_step(folder):
    mine = solver("average_loss: 3")
    mine.step(5)
    losses, shown = [], []

    class Losses(Reporter):
        def trained(self, iteration, loss):
            losses.append(loss)

        def displayed(self, event):
            shown.append(event.loss)

    mine.reporter, mine.param.display = Losses(), 1
    mine.step(2)
    assert shown == pytest.approx([losses[0], np.mean(losses)])


def test_loss_of_an_iteration_is_the_mean_of_its_batches(folder):
    losses = []

    class Losses(Reporter):
        def trained(self, iteration, loss):
            losses.append(loss)

    solver("iter_size: 3", reporter=Losses()).step(1)
    net = solver().net
    batches = [net.forward()["loss"].item() for _ in range(3)]
    assert losses == pytest.approx([np.mean(batches)])


def test_rate_of_each_iteration(folder):
    rates = []

    class Rates(Reporter):
        def displayed(self, event):
            rates.append(event.rate)

    mine = solver("display: 1\nlr_policy: 'step'\ngamma: 0.5\nstepsize: 2", reporter=Rates())
    mine.step(5)
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025])
    assert mine.lr == pytest.approx(0.025)


def test_means_of_a_test(folder):
    tests = []

    class Tests(Reporter):
        def tested(self, event):
            tests.append(event)

    mine = solver("test_iter: 4\ntest_interval: 5\ntest_compute_loss: true", reporter=Tests())
    mine.test_all()
    net = mine.test_nets[0]
    losses, right = [], []
    for _ in range(4):
        net.forward()
        losses.append(net.blobs["loss"].data.item())
        right.append(net.blobs["accuracy"].data.item())
    (event,) = tests
    assert [(o.name, o.loss_weight) for o in event.outputs] == [("accuracy", 0), ("loss", 1)]
    assert [o.value for o in event.outputs] == pytest.approx([np.mean(right), np.mean(losses)])
    assert event.loss == pytest.approx(np.mean(losses))


def test_test_net_has_the_weights_of_the_trained_net(folder):
    mine = solver("test_iter: 1\ntest_interval: 5")
    mine.step(2)
    assert_equal(weights(mine), [p.data for ps in mine.test_nets[0].params.values() for p in ps])


def test_several_test_nets_and_their_states(folder):
    (folder / "net.prototxt").write_text(
        NET + 'layer { name: "out" type: "Silence" bottom: "ip2" include { stage: "quiet" } }'
    )
    (folder / "other.prototxt").write_text(NET)
    mine = solver(
        "test_net: 'other.prototxt'\ntest_iter: [1, 2, 3]\ntest_interval: 5\n"
        "test_state { }\ntest_state { stage: 'quiet' }\ntest_state { level: 1 }"
    )
    has_silence = ["out" in net.layer_names for net in (mine.net, *mine.test_nets)]
    assert has_silence == [False, False, True, False]


def test_state_in_the_nets_file(folder):
    (folder / "net.prototxt").write_text(
        'state { stage: "quiet" }'
        + NET
        + 'layer { name: "out" type: "Silence" bottom: "ip2" include { stage: "quiet" } }'
    )
    assert "out" in solver().net.layer_names


def test_train_state(folder):
    (folder / "net.prototxt").write_text(
        NET + 'layer { name: "out" type: "Silence" bottom: "ip2" include { min_level: 2 } }'
    )
    assert "out" in solver("train_state { level: 2 }").net.layer_names


@pytest.mark.parametrize("field", ["net_param", "train_net_param"])
def test_net_written_in_the_solver(folder, field):
    text = SOLVER.replace('net: "net.prototxt"', f"{field} {{ {NET} }}")
    mine = solver("max_iter: 2", text=text)
    mine.solve()
    assert mine.iter == 2


def test_test_net_written_in_the_solver(folder):
    mine = solver(f"test_interval: 5\ntest_iter: 1\ntest_net_param {{ {NET} }}")
    assert len(mine.test_nets) == 1


def test_net_beside_the_solver(folder, monkeypatch):
    (folder / FILE).write_text(SOLVER)
    (folder / "net.prototxt").write_text(NET.replace("list.txt", str(folder / "list.txt")))
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert get_solver(f"../{FILE}").net.name == "small"


def test_a_loss_that_is_no_number_ends_the_run(folder):
    mine = solver()
    mine.step(1)
    mine.net.params["ip1"][0].data[0, 0] = np.nan
    with pytest.raises(Diverged) as error:
        mine.step(1)
    assert str(error.value) == (
        "a.solver.prototxt: the loss is no longer a number at iteration 1, first in the weights"
        " of layer 'ip1' (InnerProduct); lower base_lr (0.1) or set clip_gradients; there is no"
        " snapshot yet"
    )


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("net: ''\ntrain_net: 'a'", "names two nets to train (train_net and net); keep one"),
        ("test_iter: 1", "has test_iter, but no test_interval; set it to 1 or more"),
        (
            "test_net: 'a'\ntest_net: 'b'\ntest_iter: 1",
            "has 2 test nets and 1 test_iter; give each net one",
        ),
        ("test_iter: 0\ntest_interval: 1", "test_iter must be at least 1, got 0"),
        (
            "test_iter: 1\ntest_interval: 1\ntest_state {}\ntest_state {}",
            "has 2 test_state and 1 test nets; give each net one, or none at all",
        ),
        ("iter_size: 0", "iter_size must be at least 1, got 0"),
        ("average_loss: 0", "average_loss must be at least 1, got 0"),
        ("type: 'SGDM'", "no solver type 'SGDM'; did you mean 'SGD'?"),
        ("lr_policy: 'stp'", "no lr_policy 'stp'; did you mean 'step'?"),
        ("lr_policy: 'step'", "lr_policy 'step' needs gamma, which is not set"),
        (
            "weight_decay: 1\nregularization_type: 'L3'",
            "no regularization_type 'L3'; it is L1 or L2",
        ),
        (
            "snapshot: 1\nsnapshot_prefix: 'none/s'",
            "snapshot_prefix 'none/s': there is no folder none; make it first",
        ),
        (
            "snapshot: 1\nsnapshot_prefix: 'list.txt/s'",
            "snapshot_prefix 'list.txt/s': the folder list.txt takes no files"
            " (Not a directory); choose another",
        ),
        (
            "net: 'nte.prototxt'",
            "net 'nte.prototxt' is neither in the current folder nor in .",
        ),
    ],
)
def test_bad_input_is_refused_before_anything_runs(folder, extra, message):
    with pytest.raises(ConfigError) as error:
        solver(extra)
    assert str(error.value) == f"{FILE}: {message}"


def test_no_net(folder):
    with pytest.raises(ConfigError) as error:
        solver(text="base_lr: 1")
    assert str(error.value) == (
        f"{FILE}: names no net to train; set one of net, net_param, train_net, train_net_param"
    )


def test_separate_nets_and_too_many_test_iter(folder):
    text = SOLVER.replace("net:", "train_net:")
    with pytest.raises(ConfigError) as error:
        solver("test_net: 'net.prototxt'\ntest_iter: [1, 1]\ntest_interval: 1", text=text)
    assert str(error.value) == f"{FILE}: has 1 test nets and 2 test_iter; give each net one"


def test_solve_needs_max_iter(folder):
    mine = solver(text=SOLVER.replace("max_iter: 6\n", ""))
    with pytest.raises(ConfigError) as error:
        mine.solve()
    assert (
        str(error.value) == f"{FILE}: neither max_iter nor max_epoch is set; one says when to end"
    )


def test_folder_of_the_last_snapshot_is_tried_before_training(folder):
    mine = solver("snapshot_after_train: true\nsnapshot_prefix: 'none/s'")
    with pytest.raises(ConfigError) as error:
        mine.solve()
    assert str(error.value) == (
        f"{FILE}: snapshot_prefix 'none/s': there is no folder none; make it first"
    )
    assert mine.iter == 0


def test_gpu_that_is_not_there(folder, monkeypatch):
    def refuse(number):
        raise NetdefError(f"no GPU {number}")

    monkeypatch.setattr("netdef.devices.gpu", refuse)
    monkeypatch.setattr("netdef.mode._chosen", _Choices())
    with pytest.raises(NetdefError) as error:
        solver("solver_mode: GPU\ndevice_id: 3")
    assert str(error.value) == f"{FILE}: no GPU 3"


def test_gpu_of_the_schema_is_not_asked_for(folder):
    text = SOLVER.replace("solver_mode: CPU\n", "")
    assert not solver(text=text).net.device.is_gpu

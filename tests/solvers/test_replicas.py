"""A net trained on several GPUs, which the CPU stands for, learns as on one with all records."""

from contextlib import contextmanager

import h5py
import numpy as np
import pytest

from netdef import mode
from netdef.errors import ConfigError, Diverged
from netdef.io.solverstate import read_state
from netdef.parallel import gradients
from netdef.parallel.buckets import Bucket
from netdef.solvers import loss_scale
from netdef.solvers.debug_info import DebugInfo
from netdef.solvers.reporter import Reporter
from netdef.solvers.several_reporters import SeveralReporters
from tests.parallel.gpus_on_cpu import gpus, two_gpus
from tests.solvers import test_resuming
from tests.solvers.conftest import NET, SOLVER
from tests.solvers.test_resuming import RECURRENT_NET, RUN, final
from tests.solvers.test_solver import assert_equal, solver, weights
from tests.tools import conftest as tools

everything = test_resuming.folder
digits, digits_data, netdef = tools.digits, tools.digits_data, tools.netdef
MANY = "iter_size: 2\nclip_gradients: 0.4\nweight_decay: 0.01"
RULES = [f"{MANY}\ntype: 'SGD'", f"{MANY}\ntype: 'Adam'\nmomentum2: 0.99", "type: 'LARS'"]


class Notes(Reporter):
    """Writes down what a user reads."""

    def __init__(self):
        self.warnings, self.notes, self.displays = [], [], []

    def warned(self, message):
        self.warnings.append(message)

    def noted(self, message):
        self.notes.append(message)

    def displayed(self, event):
        self.displays.append(event)


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch):
    """Let small nets exchange their gradients in parts."""
    monkeypatch.setattr(gradients, "LEAST_BYTES", 1)


@contextmanager
def solver_on(count, extra="", text=SOLVER, early=True, **options):
    with gpus(count, exchanges_early=early):
        mode.set_devices()
        yield solver(extra, text.replace("solver_mode: CPU\n", ""), **options)


def batches_of(folder, size, text=NET):
    (folder / "net.prototxt").write_text(text.replace("batch_size: 8", f"batch_size: {size}"))


def trained(count, extra="", steps=5, **options):
    with solver_on(count, extra, **options) as made:
        made.step(steps)
        assert len(made.replicas) == count
        lead, *others = map(weights_on, made.replicas.nets)
        for other in others:
            assert_equal([other], [lead])
        return weights(made)


def weights_on(net):
    with net.device.made_current():
        return net.weights.data.get()


def assert_alike(mine, theirs):
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("count", [2, 3])
def test_as_on_one_with_the_whole_batch(folder, count, early):
    batches_of(folder, 12)
    alone = trained(1)
    batches_of(folder, 12 // count)
    assert_alike(trained(count, early=early), alone)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
def test_lenet_on_digits(digits, count):
    """Convolutions, pooling, and data from an LMDB that are sent ahead."""
    text = (digits / "digits_train_test.prototxt").read_text()
    assert (text.count("batch_size: 64"), text.count("Dropout")) == (1, 1)

    def learned(gpus, batch):
        made = text.replace("batch_size: 64", f"batch_size: {batch}")
        (digits / "digits_train_test.prototxt").write_text(made)
        solver_text = (digits / "digits_solver.prototxt").read_text()
        return trained(gpus, "random_seed: 3\ntest_initialization: false", text=solver_text)

    assert_alike(learned(count, 60 // count), learned(1, 60))


@pytest.mark.gpu
def test_on_two_real_gpus(folder):
    two_gpus()

    def learned(numbers, size):
        batches_of(folder, size)
        mode.set_devices(numbers)
        made = solver(text=SOLVER.replace("solver_mode: CPU\n", ""))
        made.step(6)
        return weights(made)

    try:
        assert_alike(learned([0, 1], 4), learned([0], 8))
        assert_equal(learned([0, 1], 4), learned([0, 1], 4))
    finally:
        mode.set_mode_cpu()


@pytest.mark.parametrize("extra", RULES)
def test_every_rule_sees_the_mean_gradient(folder, extra):
    alone = trained(1, extra)
    batches_of(folder, 4)
    assert_alike(trained(2, extra), alone)


def test_a_batch_that_is_split(folder):
    assert_alike(trained(2, splits_batch=True), trained(1))
    message = (
        "net.prototxt:3: layer 'data' (HDF5Data): a batch of 8 does not divide among 3 GPUs; set"
        " batch_size to 6 or 9, or leave out --split-batch"
    )
    with pytest.raises(ConfigError) as error:
        trained(3, splits_batch=True)
    assert str(error.value) == message


@pytest.mark.slow
def test_float16_scales_the_losses_of_all(folder, monkeypatch):
    monkeypatch.setattr(loss_scale, "_FIRST", 2.0**24)
    with solver_on(2, "precision: FP16", reporter=Notes(), keep="outputs") as made:
        made.step(6)
        assert "a gradient is no number" in made.reporter.notes[0]
        assert {net.loss_scale for net in made.replicas.nets} == {made.loss_scale.value}
        assert_equal(*([weights_on(net)] for net in made.replicas.nets))


def test_there_are_several_buckets(folder):
    with solver_on(2) as made:
        made.step(1)
        found = made.replicas._gradients._buckets
    assert [bucket.node for bucket in found] == [3, 0]


def test_nets_that_would_part_backward_otherwise_do_not_part_it(folder, monkeypatch):
    parted, nodes = trained(2), iter(range(1, 9))
    monkeypatch.setattr(
        gradients, "buckets_of", lambda *given: (Bucket(next(nodes), ((0, 16),)), Bucket(0, ()))
    )
    assert_equal(trained(2), parted)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("", "batch 8 on each of 3 GPUs: 24"),
        ("iter_size: 2", "batch 8 on each of 3 GPUs, 2 times: 48"),
    ],
)
def test_what_is_said_of_batches_and_epochs(folder, extra, said):
    """24 records, so an iteration of 24 is an epoch."""
    text = SOLVER.replace("max_iter: 6", "max_epoch: 2")
    with solver_on(3, extra, text, reporter=Notes()) as made:
        made.solve()
        assert made.reporter.notes == [said]
        assert made.iter == (1 if extra else 2)


def test_what_is_displayed_is_of_all(folder):
    def displays(count, size):
        batches_of(folder, size)
        with solver_on(count, "display: 1", reporter=Notes()) as made:
            made.step(3)
            return [(e.loss, *(o.value for o in e.outputs)) for e in made.reporter.displays]

    np.testing.assert_allclose(displays(2, 4), displays(1, 8), rtol=1e-5)


@pytest.mark.parametrize("text", [test_resuming.NET, RECURRENT_NET])
def test_a_resumed_run_is_as_one_that_never_stopped(everything, text):
    (everything / "net.prototxt").write_text(text)

    def run(extra, state=None):
        with solver_on(2, extra, RUN, reporter=Notes()) as made:
            made.solve(state)
            assert made.reporter.warnings == []
        return final()

    unbroken = run("random_seed: 5\nsnapshot: 1")
    for iteration in (1, 4):
        assert run("snapshot: 1", f"s_iter_{iteration}.solverstate") == unbroken


def test_the_data_go_on_on_another_number_of_gpus(everything):
    """4 iterations of 2 batches of 6, on each of 2 GPUs."""
    with solver_on(2, "snapshot: 4\nmax_iter: 4", RUN) as made:
        made.solve()
    one = read_state("s_iter_4.solverstate").resume
    assert one.replicas == 2
    assert [p.value[0] for p in one.positions if p.net == 0] == [96, 96]
    assert [p.record for p in one.positions if p.net == 0] == [b"%08d" % (95 % 20), b""]
    with solver_on(3, "", RUN, reporter=Notes()) as made:
        made.solve("s_iter_4.solverstate")
        assert made.reporter.warnings == [
            "the snapshot is of a run on 2 GPUs, this one is on 3 GPUs: it goes on with the next"
            " record, but not bit for bit as that would have"
        ]
    last = read_state("s_iter_9.solverstate").resume
    assert [p.value[0] for p in last.positions if p.net == 0] == [96 + 5 * 36] * 2


def test_all_drop_out_what_one_would(folder):
    """4 times 7 numbers on each of 3 GPUs: they share what Philox makes for a count."""
    dropout = """layer { name: "drop" type: "Dropout" bottom: "ip1" top: "ip1"
      include { phase: TRAIN } }
layer { name: "ip2\""""

    def learned(count, size):
        batches_of(folder, size, NET.replace('layer { name: "ip2"', dropout))
        return trained(count)

    assert_alike(learned(3, 4), learned(1, 12))


@pytest.mark.parametrize("is_faulty", [False, True])
def test_weights_that_are_no_longer_equal(folder, is_faulty):
    with solver_on(3, "snapshot_prefix: 's'", reporter=Notes()) as made:
        made.step(2)
        wrong = made.replicas.nets[2]
        with wrong.device.made_current():
            wrong.weights.data[3:4] += np.float32(is_faulty)
        made.snapshot()
        said = (
            "the weights of GPU 2 were no longer those of GPU 0, which they take over now; look"
            " for faulty memory with nvidia-smi -q"
        )
        assert made.reporter.warnings == [said] * is_faulty
        assert_equal([weights_on(wrong)], [weights_on(made.net)])


def test_averages_of_the_first_count(everything):
    """Each GPU has BatchNorm's of its own; at a snapshot they take over those that are saved."""
    with solver_on(2, "", RUN) as made:
        made.step(2)
        first, second = map(weights_on, made.replicas.nets)
        assert (first != second).any()
        made.snapshot()
        assert_equal([weights_on(made.replicas.nets[1])], [first])


@pytest.mark.parametrize("on_nan", ["stop", "continue", "rollback"])
def test_a_loss_that_is_no_number_on_one_gpu(folder, on_nan):
    """On the last of three, in the second of four iterations that are an epoch."""
    batches_of(folder, 2)
    with h5py.File("rows.h5", "a") as file:
        file["x"][9] = np.nan
    extra = f"on_nan: '{on_nan}'\nsnapshot_prefix: 's'\nmax_iter: 3"
    with solver_on(3, extra, reporter=Notes()) as made:
        made.snapshot()
        made.step(1)
        if on_nan == "stop":
            with pytest.raises(Diverged, match="iteration 1, first in the top 'x' of layer 'data'"):
                made.step(1)
            return
        begun = [weights(made)]
        made.reporter.warned = lambda text: begun.append(weights(made)) or said.append(text)
        said = []
        made.step(1)
        assert len(said) == 1
        assert "at iteration 1, first in the top 'x' of layer 'data'" in said[0]
        assert_equal(*begun)
        assert made.iter == 2
        for net in made.replicas.nets:
            assert_equal([weights_on(net)], [weights_on(made.net)])


def test_debug_info_is_of_the_first_gpu(folder):
    with solver_on(2, "debug_info: true\ndisplay: 1\nmax_iter: 2", reporter=Notes()) as made:
        notes = made.reporter
        made.reporter = SeveralReporters([notes, DebugInfo(made)])
        made.solve()
        first = weights(made)
    assert any("[Backward] All net params" in line for line in notes.notes)
    assert_equal(trained(2, steps=2), first)


@pytest.mark.parametrize(
    ("data", "mend"),
    [
        ('type: "Input" input_param { shape { dim: 8 dim: 5 } shape { dim: 8 } }', "data"),
        (
            'type: "MemoryData" memory_data_param { batch_size: 8 channels: 5 height: 1 width: 1 }',
            "data",
        ),
    ],
)
def test_data_that_cannot_be_shared(folder, data, mend):
    text = NET.replace('type: "HDF5Data"', data, 1).replace(
        '\n  hdf5_data_param { source: "list.txt" batch_size: 8 }', "", 1
    )
    (folder / "net.prototxt").write_text(text)
    with pytest.raises(ConfigError) as error, solver_on(2):
        pass
    assert str(error.value).startswith("net.prototxt:3: layer 'data'")
    assert str(error.value).endswith(
        "hands out data that several GPUs cannot share; read them by a layer with a source, such"
        " as Data, or train on one GPU"
    )

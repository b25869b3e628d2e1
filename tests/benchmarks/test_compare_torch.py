"""The comparison with PyTorch: its arithmetic, its processes, and that both sides agree."""

import pytest
from compare_torch import (
    TUNED,
    Result,
    Side,
    best_of_each_form,
    check_losses,
    sides,
    summary,
    table,
)
from contenders import Netdef, Task
from lane import Lane, Round

from netdef.errors import RunError


class OneImage(Netdef):
    """Sees half of the batch."""

    def __init__(self, task):
        super().__init__(Task(task.path, batch=1))


def result(side, train, forward=1.0):
    return Result("lenet", side, 64, forward, forward / 2, train, train / 2, 64e3 / train, 100)


@pytest.fixture
def lenet(benchmarks):
    return Task(str(benchmarks / "nets" / "lenet.prototxt"), batch=2)


def test_without_torch_netdef_stands_alone():
    assert [s.name for s in sides(2, has_torch=False)] == ["netdef"]


def test_torch_has_two_forms_in_two_layouts():
    given = {s.name: s.env for s in sides(3, has_torch=True)}
    threads = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3", "MKL_NUM_THREADS": "3"}
    assert given == {
        "netdef": threads,
        "torch contiguous_format": threads,
        "torch channels_last": threads,
        "torch tuned contiguous_format": threads | TUNED,
        "torch tuned channels_last": threads | TUNED,
    }


def test_the_faster_layout_of_each_form_counts():
    slow, fast = result("torch contiguous_format", 8), result("torch channels_last", 6)
    tuned = result("torch tuned contiguous_format", 5)
    assert best_of_each_form([slow, fast, tuned]) == {"torch": fast, "torch tuned": tuned}


def test_a_summary_has_medians_minima_and_images(lenet):
    rounds = [Round([1, 5], [10, 40]), Round([3], [20])]
    assert summary(lenet, "netdef", rounds, 50) == Result(
        net="lenet",
        side="netdef",
        batch=2,
        forward_median=3,
        forward_min=1,
        train_median=20,
        train_min=10,
        images_per_second=100,
        peak_mb=50,
    )


def test_the_table_ends_with_ratios():
    lines = table([result("netdef", 12, 4), result("torch contiguous_format", 8)]).splitlines()
    assert lines[-1].split() == ["netdef", "/", "torch", "4.00", "4.00", "1.50", "1.50"]
    assert lines[2].split() == ["netdef", "4.00", "2.00", "12.00", "6.00", "5333", "100"]


def test_a_lane_runs_a_net_in_its_own_process(lenet):
    lane = Lane(Netdef, (lenet,), {})
    try:
        assert lane.loss() == pytest.approx(Netdef(lenet).forward())
        ran = lane.run(2)
        assert (len(ran.forward), len(ran.train)) == (2, 2)
        assert min(ran.forward + ran.train) > 0
        assert 10 < lane.peak_megabytes() < 1000
    finally:
        lane.close()


def test_a_process_that_dies_is_an_error(benchmarks, capfd):
    lane = Lane(Netdef, (Task(str(benchmarks / "none.prototxt")),), {})
    with pytest.raises(RunError, match=r"^a contender's process ended; its message is above$"):
        lane.loss()
    assert "none.prototxt: no such file or folder" in capfd.readouterr().err


def test_losses_that_differ_are_an_error(lenet):
    given = [Side("netdef", Netdef, (), {}), Side("other", OneImage, (), {})]
    with pytest.raises(RunError, match=r"lenet.prototxt: the losses differ: netdef .*, other "):
        check_losses(lenet, given)


def test_dropout_can_be_switched_off(benchmarks):
    path = str(benchmarks / "nets" / "alexnet.prototxt")

    def ratios(task):
        layers = task.text().net.layer
        return [x.dropout_param.dropout_ratio for x in layers if x.type == "Dropout"]

    assert ratios(Task(path)) == [0.5, 0.5]
    assert ratios(Task(path, drops_out=False)) == [0, 0]

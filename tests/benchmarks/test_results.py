"""The arithmetic of ratios: the other's time over netdef's."""

import pytest
from contenders import Task
from results import Result, Spread, best_of_each_form, geometric_mean, net_table, ratio, result_of
from sides import Side
from turns import Taken

from tests.benchmarks.made_results import CALLS, result


def test_a_result_has_medians_and_minima(benchmarks):
    task = Task(str(benchmarks / "nets" / "lenet.prototxt"), batch=2)
    side = Side("netdef", "", object, (task,), {})
    times = {"forward": [1, 5, 3], "train": [10, 40, 20]}
    assert result_of(task, Taken(side, times, 50, CALLS)) == Result(
        net="lenet",
        batch=2,
        form="netdef",
        variant="",
        precision="f32",
        passes={"forward": Spread(3, 1), "train": Spread(20, 10)},
        peak_mb=50,
        about=CALLS,
    )


def test_a_ratio_above_one_says_that_netdef_is_faster():
    mine, other = result("netdef", 6, forward=4), result("torch", 9, forward=2)
    assert ratio(mine, other) == 1.5
    assert ratio(mine, other, "forward") == 0.5
    assert ratio(mine, Result(*[*vars(other).values()]), point="minimum") == pytest.approx(1.5)


def test_the_fastest_variant_of_each_form_counts():
    slow, fast = result("torch", 8, "NCHW"), result("torch", 6, "channels_last")
    tuned = result("torch tuned", 5, "NCHW")
    assert best_of_each_form([slow, fast, tuned]) == {"torch": fast, "torch tuned": tuned}


def test_the_table_ends_with_ratios():
    table = net_table([result("netdef", 12, forward=4), result("torch", 18, "NCHW", forward=2)])
    lead, head, _, mine, other, ratios = table.splitlines()
    assert lead == "lenet, batch 64, f32; netdef's calls: 7 on onednn, 14 on numpy"
    assert head.split("  ")[-1].strip() == "peak MB"
    assert mine.split() == ["netdef", "4.00", "2.00", "12.00", "4.00", "5,333", "100"]
    assert other.split() == ["torch,", "NCHW", "2.00", "1.00", "18.00", "6.00", "3,556", "100"]
    assert ratios.split() == ["torch", "/", "netdef", "0.50", "0.50", "1.50", "1.50"]


def test_json_has_flat_names():
    assert result("netdef", 12).as_json() == {
        "net": "lenet",
        "side": "netdef",
        "form": "netdef",
        "batch": 64,
        "precision": "f32",
        "forward_median": 1,
        "forward_min": 0.5,
        "train_median": 12,
        "train_min": 4,
        "images_per_second": pytest.approx(64e3 / 12),
        "peak_mb": 100.4,
        **CALLS,
    }


def test_the_geometric_mean_treats_twice_and_half_alike():
    assert geometric_mean([2, 0.5]) == pytest.approx(1)
    assert geometric_mean([1, 2, 4]) == pytest.approx(2)

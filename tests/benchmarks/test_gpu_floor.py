"""What a plan has to do beside what a device can."""

from contenders import Task
from gpu_floor import NetdefWithWork, floor_text
from gpu_peaks import GpuPeaks, Rates, copy_rate, measure_rates, product_rate
from plan_work import Work, flops
from results import Result, Spread

from netdef.device import CPU

RATES = Rates(product=1000, copy=10)


def test_work_is_held_against_the_nearer_limit():
    assert Work(10**9, 10**6).ms_at_best(1000, 10) == 1
    assert Work(10**6, 10**8).ms_at_best(1000, 10) == 10
    assert Work(1, 2) + Work(3, 4) == Work(4, 6)


def test_the_floor_is_that_of_each_call():
    mine = Result("net", 1, "netdef", "", "f32", {"train": Spread(22.0, 20.0)}, 0, {})
    text = floor_text([Work(10**9, 10**6), Work(10**6, 10**8)], mine, RATES)
    assert text == (
        "device: product 1,000 GFLOP/s, copy 10 GB/s\n"
        "plan: 1.0 GFLOP, 0.10 GB in 2 calls; 46 GFLOP/s (5%), 5 GB/s (46%)\n"
        "at best 11.00 ms call by call, 50% of the step"
    )


def test_netdef_says_the_work_of_all_calls_and_of_the_update(benchmarks):
    netdef = NetdefWithWork(Task(str(benchmarks / "nets" / "lenet.prototxt"), batch=2))
    *calls, update = (Work(*pair) for pair in netdef.about()["work"])
    plan = netdef.net.plan
    counted = [sum(flops(plan, way).values()) for way in ("forward", "backward")]
    assert sum(w.flops for w in calls) == sum(counted) > 0
    assert update == Work(0, 6 * plan.weight_bytes)
    assert len(calls) == len(plan.choices)


def test_rates_count_what_is_done(monkeypatch):
    """A second each: the rates are the numbers of operations and of bytes, read and written."""
    monkeypatch.setattr("gpu_peaks._seconds", lambda device, run: run() is None or 1.0)
    assert product_rate(CPU, "float32", 100) == 2 * 100**3 / 1e9
    assert copy_rate(CPU, 1000) == 2 * 4 * 1000 / 1e9


def test_the_higher_rates_count():
    assert RATES.or_higher(Rates(900, 11)) == Rates(1000, 11)


def test_16_bits_are_those_of_a_gpu_alone():
    assert GpuPeaks(None, "bf16").kind == "float32"


def test_rates_are_measured_in_a_process_of_its_own():
    found = measure_rates(None, "f32")
    assert found.product > 0 and found.copy > 0

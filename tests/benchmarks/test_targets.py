from targets import INFERENCE, TRAINING, memory_table, summary

from tests.benchmarks.made_results import result

NETS = [
    [result("netdef", 10), result("torch tuned", 12, "NCHW"), result("torch tuned", 20, "last")],
    [result("netdef", 10, net="resnet18"), result("torch tuned", 11, "NCHW", "resnet18")],
]


def test_the_summary_says_what_is_missed():
    ratio, head, _, lenet, resnet, mean = summary(NETS, TRAINING).splitlines()
    assert ratio.startswith("ratio = the other's ms / netdef's ms: above 1, netdef is")
    assert head.split()[-1] == "target"
    tail = ["torch", "tuned,", "NCHW", "10.00"]
    assert lenet.split() == ["lenet", "(64)", *tail, "12.00", "1.20", "1.20", "1.25", "missed"]
    assert resnet.split() == ["resnet18", "(64)", *tail, "11.00", "1.10", "1.10", "1.10"]
    assert mean.split() == ["geometric", "mean", "torch", "tuned", "1.15", "1.35", "missed"]


def test_the_targets_are_the_issues():
    tuned = TRAINING["torch tuned"]
    assert [tuned.of(n) for n in ("lenet", "googlenet", "resnet18", "resnet50")] == [
        1.25,
        1.25,
        1.1,
        1.1,
    ]
    assert (TRAINING["torch as started"].each, TRAINING["torch as started"].mean) == (1.3, 1.7)
    assert INFERENCE["onnxruntime"].each == 1


def test_memory_stands_beside_the_plan_and_the_least_of_each_form():
    results = [
        result("netdef", 10, peak=80),
        result("torch", 9, "NCHW", peak=300),
        result("torch", 9, "last", peak=290),
    ]
    head, _, line = memory_table([results]).splitlines()
    assert head.split("  ") == ["peak MB of the process", "netdef's plan", "netdef", "torch"]
    assert line.split() == ["lenet", "(64)", "9", "80", "290"]

from contenders import Netdef, Task, plan_facts

from netdef.showing import show_memory
from netdef.table import bytes_in_words


def test_dropout_can_be_switched_off(benchmarks):
    path = str(benchmarks / "nets" / "alexnet.prototxt")

    def ratios(task):
        layers = task.text().net.layer
        return [x.dropout_param.dropout_ratio for x in layers if x.type == "Dropout"]

    assert ratios(Task(path)) == [0.5, 0.5]
    assert ratios(Task(path, drops_out=False)) == [0, 0]


def test_the_batch_can_be_changed(benchmarks):
    path = str(benchmarks / "nets" / "lenet.prototxt")
    assert (Task(path).images, Task(path, batch=3).images) == (64, 3)


def test_the_memory_of_the_plan_is_what_netdef_show_says(benchmarks):
    plan = Netdef(Task(str(benchmarks / "nets" / "lenet.prototxt"), batch=2)).net.plan
    facts = plan_facts(plan)
    words = bytes_in_words(round(1e6 * facts["plan_mb"]))
    assert show_memory(plan).splitlines()[-1].split(maxsplit=2)[2] == words
    assert sum(facts["engines"].values()) == len(plan.choices)

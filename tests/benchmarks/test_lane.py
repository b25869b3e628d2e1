import pytest
from contenders import Netdef, Task
from lane import Lane

from netdef.errors import RunError


@pytest.fixture
def lenet(benchmarks):
    return Task(str(benchmarks / "nets" / "lenet.prototxt"), batch=2)


def test_a_lane_runs_a_net_in_its_own_process(lenet):
    lane = Lane(Netdef, (lenet,), {})
    try:
        assert lane.answer() == pytest.approx(Netdef(lenet).answer())
        ran = lane.run(2)
        assert {name: len(ms) for name, ms in ran.items()} == {"forward": 2, "train": 2}
        assert min(ran["forward"] + ran["train"]) > 0
        assert 10 < lane.peak_megabytes() < 1000
        assert lane.about() == Netdef(lenet).about()
    finally:
        lane.close()


def test_a_process_that_dies_is_an_error(benchmarks, capfd):
    lane = Lane(Netdef, (Task(str(benchmarks / "none.prototxt")),), {})
    with pytest.raises(RunError, match=r"^a contender's process ended; its message is above$"):
        lane.answer()
    assert "none.prototxt: no such file or folder" in capfd.readouterr().err

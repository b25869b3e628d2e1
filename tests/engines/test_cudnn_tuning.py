"""Plans that are timed: the fastest is taken, kept, and the same in a run that goes on."""

from types import SimpleNamespace

import numpy as np
import pytest

import netdef
from netdef.engines import settings
from netdef.engines.cudnn.convolution_graphs import Finish, Geometry, forward
from netdef.engines.cudnn.device import gpu as gpu_device
from netdef.engines.cudnn.normalization_graphs import Normalized
from netdef.engines.cudnn.normalization_graphs import forward as normalize
from netdef.engines.cudnn.plan import Plan
from netdef.engines.cudnn.tuning import fastest
from netdef.net import Net
from netdef.prototxt import parse_net, parse_solver
from netdef.solvers import Solver
from netdef.window import Window
from tests.engines import cudnn_in_numpy
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.engines.rationed import rationed
from tests.engines.test_cudnn_nets import LENET, NORMALIZED, SOLVER, assert_alike, trained

PLANS = [Plan(0, b"", name) for name in ("first", "second", "third")]


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        ([1, 2, 3], "first"),
        ([3, 2, 1], "third"),
        ([1, 0.98, 0.99], "first"),  # no more than noise
        ([1, 0.96, 0.97], "second"),
        ([1, 1, 1], "first"),
        ([None, 5, 6], "second"),
        ([5, None, 1], "third"),
    ],
)
def test_the_fastest_if_it_clearly_is(times, taken):
    def time(plan):
        found = times[PLANS.index(plan)]
        if found is None:
            raise MemoryError
        return found

    assert fastest("conv", PLANS, time).name == taken


def test_no_room_to_time_any():
    def time(plan):
        raise MemoryError

    with pytest.warns(UserWarning, match="^too little memory to time the plans of conv: none is"):
        assert fastest("conv", PLANS, time) is None


@pytest.fixture
def gpu(tmp_path):
    with gpu_with_cudnn(tmp_path / "home") as modules:
        yield modules


def graph(channels=3):
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    shapes = (2, channels, 8, 8), (5, channels, 3, 3), (2, 5, 8, 8)
    return forward(Geometry(*shapes, window, "float32", False, False), Finish())


def test_the_heuristics_choose_without_a_clock(gpu):
    gpu.speeds["eng3"] = 0.1
    assert gpu_device(0).plan(graph()).name == "eng1"
    assert cudnn_in_numpy.ran == []


def test_the_winner_is_kept_beside_the_heuristics_choice(gpu):
    gpu.speeds["eng3"] = 0.1
    assert gpu_device(0).plan(graph(), True).name == "eng3"
    assert set(cudnn_in_numpy.ran) == {"eng1", "eng2", "eng3"}
    assert gpu_device(0).plan(graph()).name == "eng1"
    cudnn_in_numpy.ran.clear()
    gpu.speeds |= {"eng2": 0.01}  # what is faster today does not count
    gpu.forget()
    assert gpu_device(0).plan(graph(), True).name == "eng3"
    assert gpu_device(0).plan(graph()).name == "eng1"
    assert cudnn_in_numpy.ran == []


def test_what_takes_long_is_told(gpu, monkeypatch):
    said = []
    monkeypatch.setattr(settings.chosen, "tell", said.append)
    gpu_device(0).plan(graph(), True)
    gpu_device(0).plan(graph(), True)
    assert said == ["timing cuDNN's plans of conv in float32 as conv_fprop", ""]


def test_a_plan_that_there_is_no_room_to_time_is_not_kept(gpu):
    rationed(gpu.cupy, 100)
    gpu.cupy.get_default_memory_pool = lambda: SimpleNamespace(free_all_blocks=lambda: None)
    with pytest.warns(UserWarning, match="too little memory to time the plans of conv in float32"):
        assert gpu_device(0).plan(graph(), True).name == "eng1"
    assert not list(gpu.home.rglob("*-tuned.plan"))


def test_what_it_is_timed_on_is_as_large_as_the_operands(gpu):
    ration = rationed(gpu.cupy, 1 << 30)
    gpu.cupy.get_default_memory_pool = lambda: SimpleNamespace(free_all_blocks=lambda: None)
    asked = normalize(Normalized((2, 3, 4, 5), "bfloat16", True, 1e-3, True, True))
    gpu_device(0).plan(asked, True)
    images, mask, vectors = 2 * 120 * 2, 120, 8 * 12
    assert sum(o.bytes for o in (*asked.inputs, *asked.outputs) if o.value is None) == (
        images + mask + vectors
    )
    assert ration.most == 12 * 512 + 4096 - 512  # each rounded up, and the workspace
    assert ration.taken == 0


def plans_of(net):
    """Return the names of the plans that a net has run."""
    net.reshape()
    cudnn_in_numpy.ran.clear()
    net.forward()
    return set(cudnn_in_numpy.ran)


def test_a_net_is_tuned_where_it_is_asked_for(gpu):
    gpu.speeds["eng2"] = 0.5
    text = parse_net(NORMALIZED, "net.prototxt")
    options = {"phase": netdef.TRAIN, "keep": "outputs", "seed": 7}
    assert plans_of(Net(text, **options)) == {"eng1"}
    assert plans_of(Net(text, autotune=True, **options)) == {"eng2"}
    found, _ = trained(NORMALIZED, autotune=True)
    wanted, _ = trained(NORMALIZED)
    assert_alike(found, wanted, 1e-6)


def test_a_plan_asks_for_the_room_of_the_winner(gpu, monkeypatch):
    sizes = {"eng1": 1 << 12, "eng2": 1 << 22, "eng3": 0}
    monkeypatch.setattr(
        cudnn_in_numpy.PyGraph, "workspace", property(lambda self: sizes[self._name()])
    )
    gpu.speeds["eng2"] = 0.5
    text = parse_net(NORMALIZED, "net.prototxt")
    net = Net(text, phase=netdef.TRAIN, keep="outputs", seed=7, autotune=True)
    net.blobs["x"].data[...] = np.random.default_rng(0).normal(size=net.blobs["x"].shape)
    net.forward()
    assert net.plan.scratch_bytes >= 1 << 22


@pytest.mark.parametrize(
    ("options", "warns"), [({}, True), ({"autotune": True}, False)], ids=["without", "with"]
)
def test_a_run_that_goes_on_by_other_plans_says_so(options, warns, gpu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gpu.speeds["eng2"] = 0.5
    first = solver("autotune: true")
    first.step(2)
    path = first.snapshot() or first.last_snapshot
    rest = solver("autotune: true" if options else "")
    said = []
    monkeypatch.setattr(rest.reporter, "warned", said.append)
    rest.restore(path)
    assert [s.partition("(")[0] for s in said] == warns * [
        "the run before computed by other kernels "
    ]
    if not warns:
        first.step(2)
        rest.step(2)
        ours, theirs = (s.net.weights.data.get() for s in (first, rest))
        assert (ours == theirs).all()


def solver(fields):
    text = SOLVER.replace("NET", LENET.replace("dim: 64", "dim: 2")).replace("FIELDS", fields)
    return Solver(parse_solver(text, "solver.prototxt"), keep="outputs")

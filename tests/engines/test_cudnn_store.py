"""Plans that are kept: found again, never damaged ones, and never twice made."""

import json
import warnings

import pytest

from netdef.engines import Refused
from netdef.engines.cudnn import planner
from netdef.engines.cudnn.convolution_graphs import Finish, Geometry, forward
from netdef.engines.cudnn.plan import Plan
from netdef.engines.cudnn.plan_store import PlanStore
from netdef.engines.cudnn.planner import Planner
from netdef.window import Window

PLAN = Plan(1234, bytes(range(256)), "eng1_k2=5")


def graph(channels=3):
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    shapes = (2, channels, 8, 8), (5, channels, 3, 3), (2, 5, 8, 8)
    return forward(Geometry(*shapes, window, "float32", False, False), Finish())


@pytest.fixture
def store(tmp_path):
    return PlanStore(tmp_path / "a GPU")


def test_a_plan_is_found_again(store):
    assert store.find(graph()) is None
    store.keep(graph(), PLAN)
    assert store.find(graph()) == PLAN
    assert store.find(graph(4)) is None


def test_it_lies_in_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path))
    assert PlanStore.of("H100").folder == tmp_path / "cudnn" / "H100"
    monkeypatch.delenv("NETDEF_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert PlanStore.of("H100").folder == tmp_path / ".netdef" / "cudnn" / "H100"


def damaged(content: bytes):
    """Yield what may have become of a file."""
    yield "empty", b""
    yield "cut in the head", content[:20]
    yield "cut in the plan", content[:-1]
    yield "longer", content + b"\0"
    yield "one bit", content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]
    yield "no JSON", b"\xff" + content
    head, _, plan = content.partition(b"\n")
    facts = json.loads(head)
    for name in facts:
        yield f"without {name}", json.dumps({**facts, name: None}).encode() + b"\n" + plan
    yield "a list", b"[1]\n" + plan
    yield "another format", json.dumps({**facts, "format": 3}).encode() + b"\n" + plan
    yield "of another graph", json.dumps({**facts, "graph": graph(4).key}).encode() + b"\n" + plan


def test_damaged_files_count_as_missing_and_are_written_anew(store):
    store.keep(graph(), PLAN)
    (path,) = store.folder.iterdir()
    whole = path.read_bytes()
    for how, content in damaged(whole):
        path.write_bytes(content)
        assert store.find(graph()) is None, how
    store.keep(graph(), PLAN)
    assert path.read_bytes() == whole


def test_where_nothing_can_be_written_it_warns(tmp_path):
    (tmp_path / "file").write_text("")
    store = PlanStore(tmp_path / "file" / "folder")
    with pytest.warns(UserWarning, match="cuDNN's plans are not kept for the next run: .*folder"):
        store.keep(graph(), PLAN)
    assert store.find(graph()) is None


class Builder:
    """Makes plans as cuDNN would, and counts them."""

    def __init__(self):
        self.made, self.refuses = 0, False

    def __call__(self, graph, target):
        self.made += 1
        if self.refuses:
            raise Refused("has no plan for this")
        return PLAN


@pytest.fixture
def builder(monkeypatch):
    monkeypatch.setattr(planner, "build", made := Builder())
    return made


def test_a_plan_is_made_once(store, builder):
    first, again = Planner(None, store), Planner(None, store)
    assert first.plan(graph()) is first.plan(graph()) is PLAN
    assert builder.made == 1
    assert again.plan(graph()) == PLAN
    assert builder.made == 1
    again.plan(graph(4))
    assert builder.made == 2


def test_a_refusal_is_remembered_in_the_process_alone(store, builder):
    builder.refuses = True
    one = Planner(None, store)
    for _ in range(2):
        with pytest.raises(Refused, match="has no plan for this"):
            one.plan(graph())
    assert builder.made == 1
    builder.refuses = False
    assert Planner(None, store).plan(graph()) == PLAN


def test_without_a_store_nothing_is_written(tmp_path, builder, monkeypatch):
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Planner(None, None).plan(graph())
    assert list(tmp_path.iterdir()) == []

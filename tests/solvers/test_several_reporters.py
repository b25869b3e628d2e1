import inspect

from netdef.solvers.reporter import Reporter
from netdef.solvers.several_reporters import SeveralReporters

EVENTS = [name for name, _ in inspect.getmembers(Reporter, inspect.isfunction) if name[0] != "_"]


def recorder(heard, who):
    def hear(name):
        return lambda self, *arguments: heard.append((who, name, arguments))

    return type("Recorder", (Reporter,), {name: hear(name) for name in EVENTS})()


def test_each_hears_everything_in_order():
    heard = []
    several = SeveralReporters([recorder(heard, "a"), recorder(heard, "b")])
    assert "trained" in EVENTS
    for name in EVENTS:
        heard.clear()
        arguments = tuple(range(len(inspect.signature(getattr(Reporter, name)).parameters) - 1))
        getattr(several, name)(*arguments)
        assert heard == [("a", name, arguments), ("b", name, arguments)]

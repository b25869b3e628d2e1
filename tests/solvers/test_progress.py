import io

import pytest

from netdef.solvers.progress import Progress
from netdef.solvers.reporter import Displayed, Output, Scores, Started

CLEAR = "\r\x1b[K"


class Terminal:
    """A progress display, what it wrote, and a clock that stands until it is set."""

    def __init__(self, monkeypatch, columns=120):
        monkeypatch.setenv("COLUMNS", str(columns))
        self.now, self.stream = 0.0, io.StringIO()
        self.progress = Progress(self.stream, lambda: self.now)
        self.progress.started(Started("LeNet", "inv", 0, 100, 64))

    def trained(self, now, iteration, loss=0.21):
        self.now = now
        self.progress.trained(iteration, loss)

    def written(self):
        """Return what was written since this was last asked."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text


@pytest.fixture
def terminal(monkeypatch):
    return Terminal(monkeypatch)


def test_line_in_place(terminal):
    terminal.trained(2, 25)
    assert terminal.written() == (
        f"{CLEAR}[######------------------] 25/100  loss 0.21  800 img/s  00:06 left"
    )


def test_iterations_where_no_batch_is_known(terminal):
    terminal.progress.started(Started("LeNet", "inv", 50, 100, 0))
    terminal.trained(2, 75)
    assert terminal.written() == (
        f"{CLEAR}[##################------] 75/100  loss 0.21  12.5 iter/s  00:02 left"
    )


def test_the_epoch_of_data_that_have_an_end(terminal):
    terminal.progress.started(Started("LeNet", "inv", 0, 100, 64, 2000))
    terminal.trained(2, 25)
    assert terminal.written() == (
        f"{CLEAR}[######------------------] 25/100  epoch 0.80  loss 0.21  800 img/s  00:06 left"
    )


def test_lines_are_not_drawn_too_often_but_the_last_is(terminal):
    terminal.trained(1, 10)
    terminal.written()
    terminal.trained(1.05, 11)
    assert terminal.written() == ""
    terminal.trained(1.06, 100)
    assert "100/100" in terminal.written()


def test_results_of_tests_stay_above_the_line(terminal):
    terminal.trained(2, 25)
    line = terminal.written()
    outputs = [Output("accuracy", 0.97), Output("loss", 0.21, 1)]
    terminal.progress.tested(Scores(25, 0, outputs, 0.21))
    said = "iteration 25: test net #0: accuracy = 0.97, loss = 0.21, total loss = 0.21"
    assert terminal.written() == f"{CLEAR}{said}\n{line}"


def test_test_in_progress_gives_way_to_the_line(terminal):
    terminal.trained(2, 25)
    line = terminal.written()
    terminal.progress.testing(25, 0)
    assert terminal.written() == f"{CLEAR}iteration 25: testing net #0 ..."
    terminal.progress.tested(Scores(25, 0, [Output("accuracy", 0.97)]))
    assert terminal.written() == f"{CLEAR}iteration 25: test net #0: accuracy = 0.97\n{line}"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (("snapshotting", "a.caffemodel"), "writing a.caffemodel"),
        (("restored", "a.solverstate", 5), "going on from a.solverstate at iteration 5"),
        (("noted", "    [Forward] Layer a"), "    [Forward] Layer a"),
        (("displayed", Displayed(100, 0.123456)), "iteration 100: loss = 0.1235"),
    ],
)
def test_lines_of_their_own(terminal, event, said):
    name, *arguments = event
    getattr(terminal.progress, name)(*arguments)
    assert terminal.written() == f"{CLEAR}{said}\n{CLEAR}"


def test_losses_on_display_are_in_the_line_already(terminal):
    terminal.progress.displayed(Displayed(100, 0.1, rate=0.01))
    assert terminal.written() == ""


def test_narrow_terminal(monkeypatch):
    terminal = Terminal(monkeypatch, columns=20)
    terminal.trained(2, 25)
    assert terminal.written() == f"{CLEAR}[######------------"


def test_end(terminal):
    terminal.trained(3700, 100)
    terminal.written()
    terminal.progress.finished()
    assert terminal.written() == f"{CLEAR}done in 1:01:40\n{CLEAR}"

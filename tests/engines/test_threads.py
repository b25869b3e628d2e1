"""Threads that share a call: they run at once, wait, and hand on what fails."""

import os
import threading

import numpy as np
import pytest

from netdef.engines import blas
from netdef.engines.threads import ALONE, Threads, of_this_machine, parts


@pytest.mark.parametrize(
    ("length", "count", "stops"),
    [(10, 2, [5, 10]), (7, 2, [4, 7]), (5, 3, [2, 4, 5]), (2, 4, [1, 2]), (1, 1, [1]), (0, 2, [0])],
)
def test_parts_cover_the_length_the_first_being_longest(length, count, stops):
    found = parts(length, count)
    assert [p.stop for p in found] == stops
    assert [p.start for p in found] == [0, *stops[:-1]]


def test_runs_meet_each_other():
    barrier = threading.Barrier(3, timeout=10)
    run = Threads(3).together([barrier.wait] * 3)
    run()
    run()


def test_one_run_is_left_as_it_is():
    def only() -> None:
        pass

    assert ALONE.together([only]) is only


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_comes_out_when_all_have_ended(failing):
    ended = []

    def fails() -> None:
        raise ValueError("a part failed")

    def ends() -> None:
        ended.append(1)

    threads = Threads(2)
    runs = [fails, ends] if failing == 0 else [ends, fails]
    with pytest.raises(ValueError, match=r"^a part failed$"):
        threads.together(runs)()
    threads.together([ends, ends])()
    assert len(ended) == 3


def test_calls_from_two_threads_do_not_mix():
    threads, sums = Threads(2), np.zeros((2, 2))

    def add(i: int, j: int) -> None:
        sums[i, j] += 1

    def caller(i: int) -> None:
        run = threads.together([lambda: add(i, 0), lambda: add(i, 1)])
        for _ in range(200):
            run()

    callers = [threading.Thread(target=caller, args=(i,)) for i in range(2)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    np.testing.assert_array_equal(sums, 200)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_starts_threads_of_its_own():
    run = of_this_machine().together([lambda: None] * of_this_machine().count)
    run()
    child = os.fork()
    if child == 0:
        run()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not blas.can_be_held(), reason="NumPy has no OpenBLAS of its own")
def test_products_have_one_thread_inside_and_what_they_had_after():
    count = getattr(blas._library(), blas._GET)
    before, inside = count(), []
    Threads(2).together([lambda: inside.append(count()), lambda: None])()
    assert (inside, count()) == ([1], before)

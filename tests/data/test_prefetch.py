import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from netdef.data.prefetch import Prefetcher
from netdef.errors import DataError


class Counting:
    """Reads 0, 1, 2 ...; filling takes longest for even numbers."""

    def __init__(self, depth, threads=1, fails_to_read=(), fails_to_fill=()):
        self.upcoming = 0
        self.fails_to_read, self.fails_to_fill = fails_to_read, fails_to_fill
        self.buffers = 0
        self.prefetcher = Prefetcher(self.read, self.fill, self.new_batch, depth, threads)

    def read(self):
        number = self.upcoming
        self.upcoming += 1
        if number in self.fails_to_read:
            raise DataError(f"record {number}")
        return number

    def fill(self, raw, batch):
        time.sleep(0.002 if raw % 2 == 0 else 0)
        if raw in self.fails_to_fill:
            raise DataError(f"record {raw}") from KeyError(raw)
        batch[0][:] = raw
        return batch

    def new_batch(self):
        self.buffers += 1
        return (np.zeros(1),)

    def take(self, count):
        return [int(self.prefetcher.next()[0][0]) for _ in range(count)]


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize(("depth", "threads"), [(0, 1), (1, 1), (4, 1), (4, 4), (2, 8)])
def test_batches_come_in_order_in_bounded_buffers(depth, threads):
    counting = Counting(depth, threads)
    assert counting.take(60) == list(range(60))
    assert counting.buffers == depth + 1
    assert counting.upcoming <= 60 + depth
    counting.prefetcher.stop()


def test_a_batch_holds_until_the_next_call():
    counting = Counting(4, 4)
    for number in range(5):
        batch = counting.prefetcher.next()[0]
        time.sleep(0.01)
        assert batch[0] == number
    counting.prefetcher.stop()


@pytest.mark.parametrize("depth", [0, 4])
def test_a_batch_may_be_another_than_its_buffer(depth):
    counting = Counting(depth, 2)

    def fill(raw, batch):
        counting.fill(raw, batch)
        return (np.full(3, raw),) if raw % 3 == 0 else batch

    counting.prefetcher = Prefetcher(counting.read, fill, counting.new_batch, depth, 2)
    for number in range(30):
        batch = counting.prefetcher.next()[0]
        assert batch.tolist() == [number] * (3 if number % 3 == 0 else 1)
    assert counting.buffers == depth + 1
    counting.prefetcher.stop()


def test_no_thread_before_the_first_batch():
    before = threading.active_count()
    counting = Counting(4, 2)
    assert threading.active_count() == before
    counting.take(1)
    assert threading.active_count() == before + 2
    assert all(t.daemon for t in threading.enumerate() if t.name == "prefetch")
    counting.prefetcher.stop()


def test_stopping_drops_what_was_read_ahead():
    counting = Counting(4, 2)
    counting.take(3)
    counting.prefetcher.stop()
    counting.prefetcher.stop()
    counting.upcoming = 100
    assert counting.take(12) == list(range(100, 112))
    counting.prefetcher.stop()


@pytest.mark.parametrize("depth", [0, 1, 4])
@pytest.mark.parametrize("where", ["fails_to_read", "fails_to_fill"])
def test_an_error_comes_when_its_batch_is_due_and_can_be_survived(depth, where):
    counting = Counting(depth, 4, **{where: {5}})
    assert counting.take(5) == list(range(5))
    with pytest.raises(DataError, match="^record 5$") as caught:
        counting.take(1)
    if where == "fails_to_fill":
        assert isinstance(caught.value.__cause__, KeyError)
    counting.upcoming = 6
    assert counting.take(20) == list(range(6, 26))
    counting.prefetcher.stop()


def test_batches_that_are_made_do_not_wait_for_a_slow_disk():
    counting = Counting(depth=4)
    disk = threading.Event()
    counting.prefetcher = Prefetcher(
        lambda: disk.wait(20) if counting.upcoming == 3 else counting.read(),
        counting.fill,
        counting.new_batch,
        depth=4,
    )
    began = time.monotonic()
    assert counting.take(3) == [0, 1, 2]
    assert time.monotonic() - began < 10
    disk.set()
    counting.prefetcher.stop()


def test_a_process_ends_with_threads_at_work():
    program = """
import numpy as np
from netdef.data.prefetch import Prefetcher
p = Prefetcher(lambda: 0, lambda raw, batch: batch, lambda: (np.zeros(9),), depth=3, threads=2)
p.next()
raise SystemExit(3)
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=30, capture_output=True)
    assert (ended.returncode, ended.stderr) == (3, b"")

"""Elementwise passes over blocks: whatever their size, and whoever runs them."""

import numpy as np
import pytest

from netdef.engines.available import why_no_onednn
from netdef.engines.threads import Threads
from tests.engines.primitives import chains
from tests.engines.test_agree import assert_agree, run

if why_no_onednn():
    pytest.skip(f"needs oneDNN: {why_no_onednn()}", allow_module_level=True)

from netdef.engines.onednn import OneDnnEngine, elementwise

SEVERAL = [case for case in chains() if "each" in case.reads or "log1p" in str(case)]


def test_blocks_cover_an_array_once_in_pieces_that_lie_together(monkeypatch):
    monkeypatch.setattr(elementwise, "_BLOCK", 20)
    image = np.zeros((2, 5, 3, 4), np.float32).transpose(0, 3, 1, 2)
    for array in (np.zeros(47, np.float32), image, image[:, :, :1], image[..., :1], image[:1]):
        array[...] = 0
        for block in elementwise._blocks(array):
            assert array[block].size <= 20
            array[block] += 1
        assert (array == 1).all()


@pytest.mark.parametrize("case", SEVERAL, ids=str)
@pytest.mark.parametrize("order", ["plain", "channels innermost"])
@pytest.mark.parametrize("threads", [1, 3])
def test_many_blocks(case, order, threads, monkeypatch):
    shared = []

    class Watched(Threads):
        def together(self, runs):
            shared.append(len(runs))
            return super().together(runs)

    class Engine(OneDnnEngine):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.threads = Watched(threads)

    monkeypatch.setattr(elementwise, "_BLOCK", 3000)
    monkeypatch.setattr(elementwise, "_SMALLEST_BLOCK", 1)
    found = run(case, "float32", order, kind=Engine)
    assert_agree(found, run(case, "float64", "plain"), "float32")
    assert set(shared) == {threads}

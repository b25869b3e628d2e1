"""What every test may ask for, and what holds for all of them."""

import ctypes
import mmap
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdef.engines import available, scratch

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The recordings and data beside the checkout; without them the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the recordings and data in {SHARED.name}/ beside the checkout")
    return SHARED


@pytest.fixture(autouse=True)
def _plans_for_gpus_are_without_cudnn(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let stand-ins for GPUs have the engines that need none, whatever is installed here."""
    if request.node.get_closest_marker("gpu") is None:
        monkeypatch.setattr(available, "why_no_cudnn", lambda: "a stand-in for a GPU has none")
        monkeypatch.setattr(available, "_warn_of_cupy", lambda why: None)


@pytest.fixture(scope="session", autouse=True)
def _fakes_lie_where_nothing_may_be_read() -> None:
    """Let whoever reads an array without memory end the run at once, not one time in thirty."""
    if sys.platform != "linux":
        return
    c = ctypes.CDLL(None)
    c.mmap.restype = ctypes.c_void_p
    c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    start = c.mmap(None, 1 << 40, 0, flags, -1, 0)
    assert start not in (None, ctypes.c_void_p(-1).value)
    page = np.frombuffer((ctypes.c_ubyte * mmap.PAGESIZE).from_address(start), np.uint8)

    def one(dtype: Any) -> np.ndarray:
        return page[: np.dtype(dtype).itemsize].view(dtype)

    scratch._one = one

"""What is done so that every run gives the same bits, and what is refused."""

import re

import numpy as np
import pytest

from netdef.engines import engines_of, settings
from netdef.engines.cupy import CupyEngine, kernels
from netdef.engines.numpy import NumpyEngine
from netdef.errors import ConfigError
from tests.engines import stand_in

AUTOTUNE = (
    "--deterministic and autotune do not go together: what is fastest in one run need not be in"
    " another; leave out one of them"
)
IN_NO_ORDER = (
    "CuPy adds rows in no certain order, and so not to the same bits in every run; leave out"
    " --deterministic, or --engine numpy"
)


@pytest.fixture
def is_deterministic(monkeypatch):
    monkeypatch.setattr(settings.chosen, "deterministic", True)


@pytest.mark.parametrize("group", kernels.FILES)
def test_no_kernel_adds_in_the_order_in_which_threads_come(group):
    assert "atomic" not in re.sub(r"//.*", "", kernels.source(group, "float32"))


@pytest.mark.usefixtures("is_deterministic")
def test_plans_that_are_timed_are_refused(monkeypatch):
    assert engines_of(is_gpu=False, autotune=True)  # it is for GPUs
    monkeypatch.setattr(settings.chosen, "engine", "cupy")
    with pytest.raises(ConfigError, match=f"^{re.escape(AUTOTUNE)}$"):
        engines_of(is_gpu=True, autotune=True)
    assert engines_of(is_gpu=True, autotune=False)


def scatter(kind, xp):
    arrays = dict(rows=xp.zeros((2, 3)), index=xp.zeros((2,)), add_to=xp.zeros((4, 3)))
    return kind(xp).prepare("scatter", arrays, {})


@pytest.mark.usefixtures("is_deterministic")
def test_rows_that_cupy_would_add_are_refused():
    xp = stand_in.module()
    with pytest.raises(ConfigError, match=f"^{re.escape(IN_NO_ORDER)}$"):
        scatter(NumpyEngine, xp)
    assert scatter(CupyEngine, xp) and scatter(NumpyEngine, np)


def test_without_the_option_they_are_not():
    assert scatter(NumpyEngine, stand_in.module())

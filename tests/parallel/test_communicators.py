"""What GPUs tell each other through NCCL, and what is said where they cannot."""

import re
import warnings
from types import ModuleType

import pytest

from netdef.devices import gpus as devices
from netdef.errors import DeviceError, RunError
from netdef.parallel import communicators
from netdef.parallel.communicators import Communicators
from tests.parallel.gpus_on_cpu import gpus, two_gpus

MEND = "pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is; or train on one GPU"


@pytest.fixture(params=[True, False])
def machine(request):
    with gpus(3, exchanges_early=request.param) as found:
        yield found


def arrays_on(all_devices, *values):
    rows = []
    for device, value in zip(all_devices, values, strict=True):
        with device.made_current():
            rows.append([device.xp.full(5, value, "float32"), device.xp.zeros(0, "float32")])
    return rows


def numbers(all_devices, rows):
    found = []
    for device, (array, _) in zip(all_devices, rows, strict=True):
        with device.made_current():
            found.append(array.get().tolist())
    return found


def exchange(given, how, *values):
    rows = arrays_on(given, *values)
    together = Communicators(given)
    for rank in range(len(given)):
        together.follow(rank)
    getattr(together, how)(rows)
    together.lead()
    return numbers(given, rows)


def test_mean_and_broadcast(machine):
    given = devices()
    assert exchange(given, "average", 1, 2, 6) == [[3] * 5] * 3
    assert exchange(given, "broadcast", 1, 2, 6) == [[1] * 5] * 3
    some = devices([2, 0, 1])
    assert [device.number for device in some] == [2, 0, 1]
    assert exchange(some, "broadcast", 1, 2, 6) == [[1] * 5] * 3


def test_gpus_that_are_told_different_things_would_wait_for_ever(machine):
    given = devices()
    together, rows = Communicators(given), arrays_on(given, 1, 2, 6)
    with pytest.raises(AssertionError, match="told different things"):
        together.average([rows[0], rows[1], rows[2][:1]])


def test_memory_of_another_gpu(machine):
    given = devices()
    together, rows = Communicators(given), arrays_on(given, 1, 2, 6)
    with pytest.raises(RunError, match="can no longer reach each other"):
        together.average([rows[1], rows[0], rows[2]])


def test_a_failure_that_comes_later(machine):
    together = Communicators(devices())
    together.check()
    machine.nccl.faults.append(machine.nccl.NcclError(1))
    message = (
        "the GPUs can no longer reach each other (NCCL_ERROR_UNHANDLED_CUDA_ERROR: refused by the"
        " stand-in); see nvidia-smi and, with NCCL_DEBUG=WARN in the environment, what NCCL says,"
        " then go on from the last snapshot"
    )
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        together.check()


def test_gpus_that_cannot_work_together(machine, monkeypatch):
    def fail(numbers):
        raise machine.nccl.NcclError(5)

    given = devices()
    monkeypatch.setattr(machine.nccl.NcclCommunicator, "initAll", fail)
    message = (
        "the GPUs 0, 1, 2 cannot work together (NCCL_ERROR_INVALID_USAGE: refused by the"
        " stand-in); NCCL_DEBUG=WARN in the environment says why; or train on one GPU"
    )
    with pytest.raises(DeviceError, match=f"^{re.escape(message)}$"):
        Communicators(given)


def test_without_nccl(monkeypatch):
    """CuPy's module warns where it finds no library, and can do nothing."""
    empty = ModuleType("cupy.cuda.nccl")
    empty.available, heard = False, []

    def load(name):
        if name not in heard:
            warnings.warn("\nnccl is not there.\n\nReason: ImportError (x)\n", stacklevel=2)
            heard.append(name)
        return empty

    monkeypatch.setattr(communicators, "import_module", load)
    for why in (" (Reason: ImportError (x))", ""):  # once
        message = f"several GPUs need NCCL, which cannot be loaded{why}; {MEND}"
        with pytest.raises(DeviceError, match=f"^{re.escape(message)}$"):
            communicators.load(ModuleType("cupy"))


@pytest.mark.gpu
def test_on_gpus():
    given = two_gpus()
    assert exchange(given, "average", 1, 6) == [[3.5] * 5] * 2
    assert exchange(given, "broadcast", 1, 6) == [[1] * 5] * 2

"""A GPU with cuDNN, by stand-ins: whole nets are planned, prepared and run as there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from netdef import mode
from netdef.device import Device
from netdef.engines import available, settings
from netdef.engines.cudnn import device as cudnn_device
from netdef.engines.cudnn import library
from tests.engines import cudnn_in_numpy, stand_in


class OnlyDevice:
    """CuPy's ``Device``, where there is one GPU."""

    id, compute_capability = 0, "90"

    def __init__(self, number: int = 0) -> None:
        assert number == 0

    def use(self) -> None:
        """Be current, as it always is."""

    def __enter__(self) -> "OnlyDevice":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@contextmanager
def gpu_with_cudnn(home: Path, engine: str = "cudnn") -> Iterator[SimpleNamespace]:
    """Let nets run on a stand-in for a GPU; yields the modules that stand for CuPy and cuDNN.

    ``forget`` makes what is remembered of plans in the process go; ``speeds`` are the
    milliseconds of plans, by their names.
    """
    cupy, cudnn = stand_in.module(), cudnn_in_numpy.module()
    cupy.cuda.Device = OnlyDevice
    speeds: dict[str, float] = {}
    cupy.cuda.get_elapsed_time = lambda start, stop: speeds.get(cudnn_in_numpy.ran[-1], 1.0)
    cupy.get_default_memory_pool = lambda: SimpleNamespace(free_all_blocks=lambda: None)

    def forget() -> None:
        for cached in (library.load, library.why_no_cudnn, cudnn_device.gpu):
            cached.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", cupy)
        patch.setitem(sys.modules, "cudnn", cudnn)
        patch.setenv("NETDEF_HOME", str(home))
        patch.setattr(available, "why_no_cudnn", lambda: None)
        patch.setattr(settings.chosen, "engine", engine)
        patch.setattr(mode._chosen, "device", Device("stand-in", cupy, 0))
        forget()
        cudnn_in_numpy.ran.clear()
        yield SimpleNamespace(cupy=cupy, cudnn=cudnn, home=home, forget=forget, speeds=speeds)
    forget()

"""The process-wide choices: the devices and seed of the next net, and whose code may run."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from netdef.device import CPU, Device
from netdef.devices import gpus


@dataclass
class _Choices:
    device: Device = CPU
    others: tuple[Device, ...] = ()
    gpu_numbers: tuple[int, ...] | None = (0,)
    seed: int | None = None
    runs_python: bool = False


_chosen = _Choices()


def set_mode_cpu() -> None:
    """Make the nets that are made from now on run on the CPU."""
    _chosen.device, _chosen.others = CPU, ()


def set_mode_gpu() -> None:
    """Make the nets that are made from now on run on the GPU of ``set_device``, or the first one.

    Raises:
        DeviceError: there is none; with the mend.
    """
    _chosen.device, *others = gpus(_chosen.gpu_numbers)
    _chosen.others = tuple(others)


def set_device(number: int) -> None:
    """Choose the GPU by its number; takes effect at once in GPU mode, else at ``set_mode_gpu``."""
    _chosen.gpu_numbers = (number,)
    if _chosen.device.is_gpu:
        set_mode_gpu()


def set_devices(numbers: Sequence[int] | None = None) -> None:
    """Run on GPUs from now on: solvers train on all of them, all else runs on the first.

    Without numbers they are all GPUs of this machine. GPU mode begins at once.

    Raises:
        ConfigError: one is named twice, or none.
        DeviceError: one is not there, or of another kind than the first; with the mend.
    """
    _chosen.gpu_numbers = None if numbers is None else tuple(numbers)
    set_mode_gpu()


def set_random_seed(seed: int) -> None:
    """Make weights and random layers of the nets made from now on repeatable."""
    _chosen.seed = seed


def allow_python(is_allowed: bool = True) -> None:
    """Let Python layers run the code that a prototxt names, or forbid it again.

    That code can do whatever you can do: look at a prototxt of somebody else's first.
    """
    _chosen.runs_python = is_allowed


def runs_python() -> bool:
    """Tell whether Python layers may run."""
    return _chosen.runs_python


def device() -> Device:
    """Return the device of the next net."""
    return _chosen.device


def devices() -> tuple[Device, ...]:
    """Return the devices that the next solver trains on; the first is that of the next net."""
    return (_chosen.device, *_chosen.others)


@contextmanager
def on(device: Device) -> Iterator[None]:
    """Let the nets that are made in the block, and all that is done in it, be on a device."""
    before, _chosen.device = _chosen.device, device
    try:
        with device.made_current():
            yield
    finally:
        _chosen.device = before


def seed() -> int:
    """Return the seed of the next net: the one that was set, or a new one."""
    return secrets.randbits(32) if _chosen.seed is None else _chosen.seed

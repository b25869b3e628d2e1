"""The process-wide choices: the device and seed of the next net, and whose code may run."""

import secrets
from dataclasses import dataclass

from netdef.device import CPU, Device, gpu


@dataclass
class _Choices:
    device: Device = CPU
    gpu_number: int = 0
    seed: int | None = None
    runs_python: bool = False


_chosen = _Choices()


def set_mode_cpu() -> None:
    """Make the nets that are made from now on run on the CPU."""
    _chosen.device = CPU


def set_mode_gpu() -> None:
    """Make the nets that are made from now on run on the GPU of ``set_device``.

    Raises:
        DeviceError: there is none; with the mend.
    """
    _chosen.device = gpu(_chosen.gpu_number)


def set_device(number: int) -> None:
    """Choose the GPU by its number; takes effect at once in GPU mode, else at ``set_mode_gpu``."""
    _chosen.gpu_number = number
    if _chosen.device.is_gpu:
        _chosen.device = gpu(number)


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


def seed() -> int:
    """Return the seed of the next net: the one that was set, or a new one."""
    return secrets.randbits(32) if _chosen.seed is None else _chosen.seed

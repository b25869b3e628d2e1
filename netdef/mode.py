"""The process-wide choices of pycaffe: the device and the random seed of the next net."""

import secrets

from netdef.device import CPU, Device, gpu

_device: Device = CPU
_number = 0
_seed: int | None = None


def set_mode_cpu() -> None:
    """Make the nets that are made from now on run on the CPU."""
    global _device
    _device = CPU


def set_mode_gpu() -> None:
    """Make the nets that are made from now on run on the GPU of ``set_device``.

    Raises:
        DeviceError: there is none; with the mend.
    """
    global _device
    _device = gpu(_number)


def set_device(number: int) -> None:
    """Choose the GPU by its number; takes effect at ``set_mode_gpu``."""
    global _number, _device
    _number = number
    if _device.is_gpu:
        _device = gpu(number)


def set_random_seed(seed: int) -> None:
    """Make weights and random layers of the nets made from now on repeatable."""
    global _seed
    _seed = seed


def device() -> Device:
    """Return the device of the next net."""
    return _device


def seed() -> int:
    """Return the seed of the next net: the one that was set, or a new one."""
    return secrets.randbits(32) if _seed is None else _seed

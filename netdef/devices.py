"""The GPUs of a run: some by their numbers, or all of this machine, that work as one."""

from collections.abc import Sequence

from netdef.device import Device, gpu
from netdef.errors import ConfigError, DeviceError


def gpus(numbers: Sequence[int] | None = None) -> tuple[Device, ...]:
    """Return GPUs by their numbers, or all; the first is made the one that is worked on.

    They must be of one kind: one of another would compute other numbers, and keep the others
    waiting.

    Raises:
        ConfigError: none is named, or one twice.
        DeviceError: one is not there, or of another kind than the first.
    """
    if numbers is None:
        first = gpu()
        numbers = range(first.xp.cuda.runtime.getDeviceCount())
    twice = [number for number in numbers if list(numbers).count(number) > 1]
    if twice:
        raise ConfigError(f"GPU {twice[0]} is named twice; name each GPU once")
    if not numbers:
        raise ConfigError("no GPU is named; give the number of one or more")
    found = tuple(gpu(number) for number in numbers)
    found[0].use()
    if len(found) > 1:
        _check_kinds(found)
    return found


def _check_kinds(devices: Sequence[Device]) -> None:
    kinds = {device.number: _kind(device) for device in devices}
    first = kinds[devices[0].number]
    for number, kind in kinds.items():
        if kind != first:
            alike = ",".join(str(n) for n, k in kinds.items() if k == first)
            raise DeviceError(
                f"GPU {number} is a {kind}, GPU {devices[0].number} a {first}; GPUs that train"
                f" together must be of one kind: name those, such as --gpu {alike}"
            )


def _kind(device: Device) -> str:
    name = device.xp.cuda.runtime.getDeviceProperties(device.number)["name"]
    return name.decode() if isinstance(name, bytes) else str(name)

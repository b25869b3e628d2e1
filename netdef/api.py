"""The names that a user of pycaffe expects at the top of the package."""

from netdef.layer import LAYERS
from netdef.mode import (
    allow_python,
    set_device,
    set_devices,
    set_mode_cpu,
    set_mode_gpu,
    set_random_seed,
)
from netdef.net import Net
from netdef.proto import TEST, TRAIN


def layer_type_list() -> list[str]:
    """Return the types of all layers that can stand in a net."""
    return list(LAYERS)


__all__ = [
    "TEST",
    "TRAIN",
    "Net",
    "allow_python",
    "layer_type_list",
    "set_device",
    "set_devices",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_random_seed",
]

"""netdef: nets and solvers as text, trained on a CPU or an NVIDIA GPU.

The names below are handed on from wherever they live when they are first asked for, so
that ``import netdef`` costs nothing (PEP 562).
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Layer": "netdef.python_layer",
    "Net": "netdef.api",
    "TEST": "netdef.api",
    "TRAIN": "netdef.api",
    "layer_type_list": "netdef.api",
    "set_device": "netdef.api",
    "set_devices": "netdef.api",
    "set_mode_cpu": "netdef.api",
    "set_mode_gpu": "netdef.api",
    "set_random_seed": "netdef.api",
    "SGDSolver": "netdef.solvers",
    "allow_python": "netdef.api",
    "get_solver": "netdef.solvers",
}
_MODULES = ("errors", "io")

__all__ = ["__version__", *_HOMES, *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"netdef.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'netdef' has no attribute {name!r}", name=name)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

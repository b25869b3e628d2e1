"""Process-wide choices about engines, for the nets that are planned from now on."""

import os
from dataclasses import dataclass

from netdef.errors import ConfigError

_VARIABLE = "NETDEF_ENGINE"
CPU_ENGINES = ("onednn", "numpy")


@dataclass
class Settings:
    """Which engine runs on the CPU (the fastest that loads, if not given), and how."""

    cpu_engine: str | None = None
    fuses: bool = True
    precision: str = "F32"
    tf32: bool = False
    """True if GPUs may round float32 to 10 bits before they multiply, which Caffe never does."""


chosen = Settings()


def cpu_engine() -> str | None:
    """Return the CPU engine that was asked for, here or by ``NETDEF_ENGINE``.

    Raises:
        ConfigError: the variable names none.
    """
    name = chosen.cpu_engine or os.environ.get(_VARIABLE) or None
    if name is not None and name not in CPU_ENGINES:
        raise ConfigError(f"{_VARIABLE} is {name!r}; it is one of {', '.join(CPU_ENGINES)}")
    return name

"""Process-wide choices about engines, for the nets that are planned from now on."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from netdef.errors import ConfigError

_VARIABLE = "NETDEF_ENGINE"
CPU_ENGINES = ("onednn", "numpy")
GPU_ENGINES = ("cudnn", "cupy", "numpy")
ENGINES = tuple(dict.fromkeys(CPU_ENGINES + GPU_ENGINES))


@dataclass
class Settings:
    """Which engine runs (the fastest that loads, if not given), and how."""

    engine: str | None = None
    fuses: bool = True
    precision: str = "F32"
    tf32: bool = False
    """True if GPUs may round float32 to 10 bits before they multiply, which Caffe never does."""
    autotune: bool = False
    """True if cuDNN's plans are timed on the GPU, and the fastest is taken."""
    tell: Callable[[str], None] = lambda line: None
    """Is told what a plan waits for, where that takes long, and at last an empty line."""
    deterministic: bool = False
    """True if what may give other bits in another run is refused."""


chosen = Settings()


def asked_engine(is_gpu: bool) -> str | None:
    """Return the engine that was asked for by name, here or by ``NETDEF_ENGINE``.

    Raises:
        ConfigError: there is none of that name, or it does not run on this device.
    """
    name = chosen.engine or os.environ.get(_VARIABLE) or None
    if name is None or name in (GPU_ENGINES if is_gpu else CPU_ENGINES):
        return name
    if name not in ENGINES:
        raise ConfigError(f"{_VARIABLE} is {name!r}; it is one of {', '.join(ENGINES)}")
    if is_gpu:
        raise ConfigError(
            f"the engine {name} runs on the CPU, and this net on a GPU; take one of"
            f" {', '.join(GPU_ENGINES)}, or run on the CPU (solver_mode: CPU, no --gpu)"
        )
    raise ConfigError(
        f"the engine {name} runs on a GPU, and this net on the CPU; give --gpu 0"
        f" (solver_mode: GPU), or take one of {', '.join(CPU_ENGINES)}"
    )

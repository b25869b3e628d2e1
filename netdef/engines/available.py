"""The engines that a device has, fastest first."""

import warnings
from functools import cache

from netdef.engines.engine import Engine
from netdef.engines.settings import cpu_engine
from netdef.errors import ConfigError, DeviceError


def engines_of(is_gpu: bool) -> list[Engine]:
    """Return new engines for one plan, fastest first; the last runs everything.

    Raises:
        ConfigError: an engine was asked for by name that is not here; there is no silent
            fallback from it.
    """
    from netdef.engines.numpy import NumpyEngine

    if is_gpu:
        from netdef.engines.cupy import CupyEngine

        return [CupyEngine(), NumpyEngine()]
    asked = cpu_engine()
    if asked == "numpy":
        return [NumpyEngine()]
    why = why_no_onednn()
    if why is None:
        from netdef.engines.onednn import OneDnnEngine

        return [OneDnnEngine(), NumpyEngine()]
    if asked == "onednn":
        raise ConfigError(f"the engine oneDNN, which was asked for, cannot run here: {why}")
    _warn(why)
    return [NumpyEngine()]


@cache
def _warn(why: str) -> None:
    """Say once that the slower engine runs."""
    warnings.warn(f"the slower engine numpy computes, without oneDNN: {why}", stacklevel=2)


@cache
def why_no_onednn() -> str | None:
    """Return why oneDNN cannot be used here, or None if it can."""
    from netdef.engines.onednn.library import load

    try:
        load()
    except DeviceError as error:
        return str(error)
    return None

"""The engines that a device has, fastest first."""

import os
from functools import cache

from netdef.engines.engine import Engine
from netdef.errors import ConfigError, DeviceError

_VARIABLE = "NETDEF_ENGINE"


def engines_of(is_gpu: bool) -> list[Engine]:
    """Return new engines for one plan, fastest first; the last runs everything.

    The environment variable ``NETDEF_ENGINE`` set to ``numpy`` leaves out the faster ones.

    Raises:
        ConfigError: it is set to something else that is not here.
    """
    from netdef.engines.numpy import NumpyEngine

    asked = os.environ.get(_VARIABLE, "")
    if asked not in ("", "numpy", "onednn"):
        raise ConfigError(f"{_VARIABLE} is {asked!r}; it is numpy, onednn or not set")
    if is_gpu or asked != "onednn":  # TODO
        return [NumpyEngine()]
    why = why_no_onednn()
    if why is None:
        from netdef.engines.onednn import OneDnnEngine

        return [OneDnnEngine(), NumpyEngine()]
    if asked == "onednn":
        raise ConfigError(f"{_VARIABLE} asks for oneDNN: {why}")
    return [NumpyEngine()]


@cache
def why_no_onednn() -> str | None:
    """Return why oneDNN cannot be used here, or None if it can."""
    from netdef.engines.onednn.library import load

    try:
        load()
    except DeviceError as error:
        return str(error)
    return None

"""The engines that a device has, fastest first."""

import warnings
from functools import cache

from netdef.engines.engine import Engine
from netdef.engines.settings import asked_engine, chosen
from netdef.errors import ConfigError, DeviceError

_VOLTA = 70
"""The oldest GPUs that cuDNN 9 computes on: compute capability 7.0."""


def engines_of(
    is_gpu: bool,
    precision: str | None = None,
    tf32: bool | None = None,
    autotune: bool | None = None,
) -> list[Engine]:
    """Return new engines for one plan, fastest first; the last runs everything.

    What is not given is as ``settings`` say.

    Raises:
        ConfigError: an engine was asked for by name that is not here; there is no silent
            fallback from it.
    """
    asked = asked_engine(is_gpu)
    if not is_gpu:
        return _on_cpu(asked)
    return _on_gpu(
        asked,
        chosen.precision if precision is None else precision,
        chosen.tf32 if tf32 is None else tf32,
        chosen.autotune if autotune is None else autotune,
    )


def _on_cpu(asked: str | None) -> list[Engine]:
    from netdef.engines.numpy import NumpyEngine

    if asked == "numpy":
        return [NumpyEngine()]
    why = why_no_onednn()
    if why is None:
        from netdef.engines.onednn import OneDnnEngine

        return [OneDnnEngine(), NumpyEngine()]
    _check_not_asked(asked, "onednn", "oneDNN", why)
    _warn(why)
    return [NumpyEngine()]


def _on_gpu(asked: str | None, precision: str, tf32: bool, autotune: bool) -> list[Engine]:
    from netdef.engines.numpy import NumpyEngine

    if chosen.deterministic and autotune:
        raise ConfigError(
            "--deterministic and autotune do not go together: what is fastest in one run need not"
            " be in another; leave out one of them"
        )
    if asked == "numpy":
        return [NumpyEngine()]
    from netdef.engines.cupy import CupyEngine

    own: list[Engine] = [CupyEngine(), NumpyEngine()]
    if asked == "cupy":
        return own
    why = why_no_cudnn()
    if why is None:
        from netdef.engines.cudnn import CudnnEngine

        return [CudnnEngine(precision=precision, tf32=tf32, autotune=autotune), *own]
    _check_not_asked(asked, "cudnn", "cuDNN", why)
    _warn_of_cupy(why)
    return own


def _check_not_asked(asked: str | None, name: str, title: str, why: str) -> None:
    if asked == name:
        raise ConfigError(f"the engine {title}, which was asked for, cannot run here: {why}")


@cache
def _warn(why: str) -> None:
    """Say once that the slower engine runs on the CPU."""
    warnings.warn(f"the slower engine numpy computes, without oneDNN: {why}", stacklevel=2)


@cache
def _warn_of_cupy(why: str) -> None:
    """Say once that the slower engine runs on the GPU."""
    warnings.warn(f"the slower engine cupy computes, without cuDNN: {why}", stacklevel=2)


@cache
def why_no_onednn() -> str | None:
    """Return why oneDNN cannot be used here, or None if it can."""
    from netdef.engines.onednn.library import load

    try:
        load()
    except DeviceError as error:
        return str(error)
    return None


def why_no_cudnn() -> str | None:
    """Return why cuDNN cannot be used on the GPU that is current, or None if it can."""
    import cupy

    from netdef.engines.cudnn import library

    capability = int(cupy.cuda.Device().compute_capability)
    if capability < _VOLTA:
        return (
            f"it needs a GPU of compute capability {_VOLTA / 10} or newer, this one has"
            f" {capability / 10}"
        )
    return library.why_no_cudnn()

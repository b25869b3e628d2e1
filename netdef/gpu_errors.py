"""What a failing GPU says, and how to find the call that failed."""

from collections.abc import Iterator
from contextlib import contextmanager

from netdef.device import Device
from netdef.errors import RunError

_MEND = (
    "a GPU tells of an error when somebody waits for it; run again with NETDEF_CAPTURE=0"
    " CUDA_LAUNCH_BLOCKING=1 in the environment to see the layer it comes from"
)


@contextmanager
def gpu_errors_in_words(device: Device, where: str) -> Iterator[None]:
    """Turn an error of CUDA's into one that says ``where`` it came up and how to find its cause.

    Raises:
        RunError: the GPU failed.
    """
    try:
        yield
    except Exception as error:
        if not is_of_gpu(device, error):
            raise
        raise RunError(f"{where}: the GPU failed ({error}); {_MEND}") from error


def is_of_gpu(device: Device, error: Exception) -> bool:
    """Tell whether an error is one of CUDA's."""
    return device.is_gpu and isinstance(error, device.xp.cuda.runtime.CUDARuntimeError)

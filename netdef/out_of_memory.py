"""Memory that a device does not have: who asked for it, how much, and what is free."""

from collections.abc import Iterator
from contextlib import contextmanager

from netdef.device import Device
from netdef.errors import RunError
from netdef.plan import Plan
from netdef.table import bytes_in_words

_NAMES = ("cudaErrorMemoryAllocation", "CUDA_ERROR_OUT_OF_MEMORY", "CUDNN_STATUS_ALLOC_FAILED")
"""What CUDA's libraries say when they find no memory for themselves."""


@contextmanager
def allocating(device: Device, what: str, size: int) -> Iterator[None]:
    """Say of what there is too little memory for, where making it fails.

    Raises:
        RunError: the device has no room for so many bytes; with the mend.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise RunError(
            f"{device.name}: out of memory for {what}: {bytes_in_words(size)} are needed,"
            f" {free_in_words(device)}; end what else runs there, or take a device with more"
        ) from error


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error is that of a device, or of the machine, without room."""
    is_of_a_library = isinstance(error, RuntimeError) and any(n in str(error) for n in _NAMES)
    return isinstance(error, MemoryError) or is_of_a_library


def free_in_words(device: Device) -> str:
    """Return what is free on a device, and of how much."""
    free, total = device.memory()
    return f"{bytes_in_words(free)} of {bytes_in_words(total)} are free"


def no_room_for(
    device: Device, plan: Plan, history_bytes: int, batch: int | None, fits: int | None
) -> RunError:
    """Return the error that the arrays of a plan find no room, with the batch that would.

    ``fits`` is the largest such batch; 0 if there is none, None where that makes no sense.
    """
    words = bytes_in_words
    of = "" if batch is None else f" for a batch of {batch}"
    there = f"{words(2 * plan.weight_bytes)} of weights and gradients"
    if history_bytes:
        there += f" and {words(history_bytes)} that the solver remembers"
    phase = "train" if plan.program.graph.training else "test"
    return RunError(
        f"{device.name}: out of memory: the net to {phase} needs"
        f" {words(plan.arena_bytes + plan.scratch_bytes)}{of}, {words(plan.arena_bytes)} for its"
        f" arrays and {words(plan.scratch_bytes)} of scratch memory, beside {there};"
        f" {free_in_words(device)}; {_mend(fits)}"
    )


def ran_out_of_memory(device: Device) -> RunError:
    """Return the error that a call found no room for what it makes while it runs."""
    return RunError(
        f"{device.name}: out of memory for what the call makes while it runs, which the plan does"
        f" not count; {free_in_words(device)}; set a smaller batch_size"
    )


def _mend(fits: int | None) -> str:
    if fits is None:
        return "make its inputs smaller, or take a device with more"
    if fits == 0:
        return "not even a batch of 1 would fit; take a device with more"
    return f"a batch of {fits} would fit: set batch_size, and iter_size to learn from as many"

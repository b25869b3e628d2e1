"""``netdef device-query``: the devices and libraries found here."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from netdef.tools import options

Facts = Iterator[tuple[str, object]]


def _check(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and value != "all" and not value.isdecimal():
        raise click.BadParameter(f"{value!r} is neither the number of a GPU nor 'all'.")
    return value


@click.command("device-query", cls=options.Command)
@click.option(
    "--gpu",
    callback=_check,
    metavar="N|all",
    help="Print GPU N, or all, and fail where there is none; without it, the CPU and all GPUs.",
)
def command(gpu: str | None) -> None:
    """Print the devices and engines found here."""
    from netdef.errors import DeviceError

    if gpu is not None:
        _print_gpus([int(gpu)] if gpu != "all" else None)
        return
    _print("CPU", _cpu())
    try:
        _print_gpus(None)
    except DeviceError as error:
        click.echo(f"no GPU: {error}")
        _print_needs()


def _print(title: str, facts: Facts) -> None:
    click.echo(title)
    for name, value in facts:
        click.echo(f"  {name:<19} {value}")


def _cpu() -> Facts:
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    yield "name", _cpu_name()
    yield "cores", f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} may be used"
    yield "memory", _in_words(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    yield "engines", _engines()
    yield "NumPy", f"{np.__version__} with {blas['name']} {blas['version']}"


def _engines() -> str:
    from netdef.engines.available import why_no_onednn

    why = why_no_onednn()
    if why is not None:
        return f"numpy; no onednn: {why}"
    from netdef.engines.onednn.library import load

    return f"onednn {load().version} ({load().path}), numpy"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _print_gpus(numbers: list[int] | None) -> None:
    from netdef.device import gpu

    xp = gpu(0 if numbers is None else numbers[0]).xp
    runtime = xp.cuda.runtime
    for number in range(runtime.getDeviceCount()) if numbers is None else numbers:
        _print(f"GPU {number}", _gpu(runtime.getDeviceProperties(number)))
    _print_needs()


def _print_needs() -> None:
    from netdef.gpu_needs import gpu_needs

    _print("what GPUs need", gpu_needs())


def _gpu(properties: dict[str, Any]) -> Facts:
    yield "name", properties["name"].decode()
    yield "memory", _in_words(properties["totalGlobalMem"])
    yield "compute capability", f"{properties['major']}.{properties['minor']}"
    yield "multiprocessors", properties["multiProcessorCount"]


def _in_words(count: int) -> str:
    from netdef.table import bytes_in_words

    return bytes_in_words(count)

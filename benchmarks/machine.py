"""On what a report was made: the processor, its load, and the versions of all sides."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16")
_PACKAGES = ("netdef", "numpy", "onednn-cpu-gomp", "torch", "onnxruntime")


def describe_machine() -> str:
    """Return a few lines of text."""
    info = _cpu_info()
    flags = info.get("flags", "").split()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = len(os.sched_getaffinity(0))
    return "\n".join(
        [
            f"processor  {info.get('model name', platform.machine())}, {cores} cores,"
            f" {memory:.0f} GB; {', '.join(f for f in _FLAGS if f in flags) or 'no AVX2'}",
            f"load       {os.getloadavg()[0]:.1f} when it began",
            f"versions   Python {platform.python_version()}, {_versions()}",
            f"commit     {_commit()}",
        ]
    )


def _cpu_info() -> dict[str, str]:
    """Return what Linux says of the first processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().split("\n\n")[0].splitlines() if path.exists() else []
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _versions() -> str:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # not every machine has git
        return "unknown"
    return ran.stdout.strip() or "unknown"

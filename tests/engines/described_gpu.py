"""Plans of cuDNN for a GPU that is only described, made in a process of its own.

    python -m tests.engines.described_gpu FOLDER PRECISION NET...

writes a line of JSON for each call that the engine knows: which engine takes it, and why
cuDNN does not; then one for each graph that cuDNN was asked for, and whether it has a plan.
The process is its own because one of cuDNN's libraries asks for the driver's,
for which a stub stands that knows no GPU, made in the folder; who loaded it could not use a
GPU any more.
"""

import ctypes
import json
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from netdef.engines import settings
from netdef.engines.cudnn import CudnnEngine
from netdef.engines.cudnn.library import Target, why_no_cudnn
from netdef.engines.cudnn.planner import Planner
from netdef.engines.cupy import CupyEngine
from netdef.engines.numpy import NumpyEngine
from netdef.graph import build
from netdef.infer import infer
from netdef.plan import compile_program, steps
from netdef.precision import PRECISIONS
from netdef.prototxt import read_net
from netdef.record import record

H100 = {
    "cudaDeviceId": 0,
    "deviceVer": 900,
    "driverVer": 13000,
    "totalGlobalMem": 85520809984,
    "maxGridSize": [2147483647, 65535, 65535],
    "maxBlockSize": [1024, 1024, 64],
    "regsPerBlock": 65536,
    "multiProcessorCount": 132,
    "smCountOrigin": 0,
    "warpSize": 32,
    "maxSharedMemoryPerBlock": 49152,
    "maxSharedMemoryPerBlockOptin": 232448,
    "oversizedSharedMemoryPerBlock": 0,
    "reservedSharedMemoryPerBlock": 1024,
    "maxRegistersPerSM": 65536,
    "maxCtasPerSM": 32,
    "maxThreadsPerBlock": 1024,
    "maxThreadsPerSM": 2048,
    "pciDeviceId": 0,
    "isTccDriver": 0,
    "supportCoopLaunch": 1,
    "smClockRateKHz": 1980000,
    "memClockRateKHz": 2619000,
    "memoryBusWidth": 5120,
    "l2CacheSize": 52428800,
    "deviceName": "NVIDIA H100 80GB HBM3",
}

NO_GPU = """
cuCtxGetCurrent cuCtxGetLimit cuCtxPopCurrent cuCtxPushCurrent cuDeviceGet cuDeviceGetCount
cuGetErrorName cuGetErrorString cuKernelGetAttribute cuLaunchCooperativeKernel cuLaunchKernel
cuLaunchKernelEx cuLibraryLoadFromFile cuLinkAddData cuLinkComplete cuLinkCreate cuLinkDestroy
cuOccupancyMaxPotentialClusterSize cuStreamGetCtx cuTensorMapEncodeIm2col cuTensorMapEncodeTiled
"""
"""What the stub answers with CUDA_ERROR_NO_DEVICE."""
LOADS = (
    "cuKernelGetFunction cuLibraryGetKernel cuLibraryLoadData cuModuleGetFunction cuModuleLoadData"
)
"""What it lets succeed, for a plan is finished only when its kernel could be loaded."""
UNLOADS = "cuKernelSetAttribute cuLibraryUnload cuModuleUnload"


def why_not() -> str | None:
    """Return what is missing for plans to be made here, or None."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        if shutil.which("cc") is None:
            return "no C compiler, cc, for a stub of the driver"
    return why_no_cudnn()


def load_a_stub_of_the_driver(folder: Path) -> None:
    """Let ``libcuda.so.1`` be found, if it is not here."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        lines = [f"int {name}(void) {{ return 100; }}" for name in NO_GPU.split()]
        lines += [f"int {n}(void** made) {{ *made = made; return 0; }}" for n in LOADS.split()]
        lines += [f"int {name}(void) {{ return 0; }}" for name in UNLOADS.split()]
        lines.append("int cuDriverGetVersion(int* made) { *made = 13000; return 0; }")
        source, library = folder / "stub.c", folder / "libcuda.so.1"
        source.write_text("\n".join(lines))
        options = ["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", str(library)]
        subprocess.run(["cc", *options, str(source)], check=True)
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)


class DescribedGpu:
    """Makes plans, and runs none."""

    @cached_property
    def planner(self) -> Planner:
        return Planner(Target(json.dumps(H100)), None)

    def plan(self, graph, is_tuned=False):
        return self.planner.plan(graph)

    def is_aligned(self, array):
        return True


class OnDescribedGpu(CudnnEngine):
    """The engine as a plan for that GPU asks it."""

    device = DescribedGpu()


def calls_of(path: Path, precision: str):
    """Yield every call of a net's training that the engine knows, and what became of it."""
    graph = build(read_net(path), 0)
    program = record(graph, infer(graph))
    engines = [OnDescribedGpu(), CupyEngine(), NumpyEngine()]
    plan = compile_program(program, engines, precision=precision)
    for call, choice in steps(plan):
        if hasattr(CudnnEngine, call.primitive):
            yield {
                "net": path.stem,
                "call": call.primitive,
                "layer": graph.nodes[call.node].name,
                "engine": choice.engine.name,
                "why": choice.refused.get("cudnn"),
                "scratch": plan.scratch_bytes,
            }


def main(folder: str, precision: str, *nets: str) -> None:
    load_a_stub_of_the_driver(Path(folder))
    settings.chosen.tf32 = precision == "TF32"
    settings.chosen.precision = precision if precision in PRECISIONS else "F32"
    for net in nets:
        for line in calls_of(Path(net), settings.chosen.precision):
            write(line)
    for (graph, _), plan in OnDescribedGpu.device.planner._known.items():
        write({"graph": str(graph), "has_plan": not isinstance(plan, str)})


def write(line) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

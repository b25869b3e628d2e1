"""NVIDIA's run-time compiler, which needs no GPU: to see that generated kernels compile."""

import ctypes
import importlib.util
from pathlib import Path

import pytest

ARCHITECTURES = ("sm_80", "sm_90")


def library() -> ctypes.CDLL:
    """Return the library of the package nvidia-cuda-nvrtc; without it the test is skipped."""
    spec = importlib.util.find_spec("nvidia")
    folders = [Path(p) for p in (spec.submodule_search_locations or ())] if spec else []
    found = [f for folder in folders for f in folder.glob("*/lib/libnvrtc.so.*")]
    if not found:
        pytest.skip("needs NVRTC: pip install nvidia-cuda-nvrtc-cu12")
    return ctypes.CDLL(str(found[0]))


def complaints(nvrtc: ctypes.CDLL, source: str, architecture: str) -> str:
    """Compile CUDA C++ to machine code; return what the compiler says if it fails."""
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    options = (ctypes.c_char_p * 1)(f"--gpu-architecture={architecture}".encode())
    failed = nvrtc.nvrtcCompileProgram(program, 1, options)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return f"{source}\n{log.value.decode()}" if failed else ""

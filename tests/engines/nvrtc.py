"""NVIDIA's run-time compiler, which needs no GPU: to see that generated kernels compile."""

import ctypes
import importlib.util
from collections.abc import Sequence
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
    log, _ = _compile(nvrtc, source, [f"--gpu-architecture={architecture}"])
    return f"{source}\n{log}" if log else ""


def assembly(nvrtc: ctypes.CDLL, source: str, options: Sequence[str]) -> str:
    """Return CUDA C++ in the assembly language of GPUs, PTX."""
    log, made = _compile(nvrtc, source, ["--gpu-architecture=compute_90", *options])
    assert not log, log
    return made


def _compile(nvrtc: ctypes.CDLL, source: str, options: Sequence[str]) -> tuple[str, str]:
    """Return what the compiler says if it fails, and what it made."""
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    given = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    failed = nvrtc.nvrtcCompileProgram(program, len(options), given)
    log, made = (_text(nvrtc, program, what) for what in ("ProgramLog", "PTX"))
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return (log or "failed" if failed else ""), made


def _text(nvrtc: ctypes.CDLL, program: ctypes.c_void_p, what: str) -> str:
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, text)
    return text.value.decode()

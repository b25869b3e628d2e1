"""The engine of NVIDIA GPUs: CuPy's functions, and kernels of our own in CUDA C++."""

from netdef.engines.cupy.engine import CupyEngine

__all__ = ["CupyEngine"]

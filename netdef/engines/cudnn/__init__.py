"""cuDNN, the engine for convolutions and their kin on NVIDIA GPUs."""

from netdef.engines.cudnn.engine import CudnnEngine

__all__ = ["CudnnEngine"]

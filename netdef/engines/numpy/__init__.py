"""The reference engine: every primitive in terms of an array module, NumPy or CuPy."""

from netdef.engines.numpy.engine import NumpyEngine

__all__ = ["NumpyEngine"]

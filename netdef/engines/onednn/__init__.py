"""oneDNN, the engine for CPUs of the x86-64 kind."""

from netdef.engines.onednn.engine import OneDnnEngine

__all__ = ["OneDnnEngine"]

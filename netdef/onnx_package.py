"""The packages onnx and onnxruntime, which an extra brings: imported when they are needed."""

from importlib import import_module
from typing import Any

from netdef.errors import DeviceError


def import_onnx() -> Any:
    """Return the module ``onnx`` with its helpers.

    Raises:
        DeviceError: it is not installed; how to install it.
    """
    onnx = _import("onnx")
    for part in ("checker", "helper", "inliner", "numpy_helper"):
        import_module(f"onnx.{part}")
    return onnx


def import_onnxruntime() -> Any:
    """Return the module ``onnxruntime``.

    Raises:
        DeviceError: it is not installed; how to install it.
    """
    return _import("onnxruntime")


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise DeviceError(
            f"needs the package {name}; install it with: pip install 'netdef[onnx]'"
        ) from error

"""Nets as ONNX files, as netdef and as PyTorch write them: ONNX Runtime may like either better."""

import importlib.util
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from contenders import Passes, Task
from inference_contenders import NetdefInference, torch_net
from lane import Lane


def _from_netdef(task: Task, path: str) -> None:
    from netdef.onnx_export.model import export

    Path(path).write_bytes(export(NetdefInference(task).net).SerializeToString())


def _from_torch(task: Task, path: str) -> None:
    import torch

    net, images = torch_net(task)
    with warnings.catch_warnings():
        # The exporter that came after this one needs a package more.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(net, (torch.from_numpy(images),), path, dynamo=False)


_WRITERS: dict[str, Callable[[Task, str], None]] = {"netdef": _from_netdef, "torch": _from_torch}
_PACKAGES = ("onnx", "onnxruntime")


class OnnxWriter:
    """Writes one file in a process that ends before the clock starts."""

    def __init__(self, task: Task, writer: str, path: str) -> None:
        _WRITERS[writer](task, path)
        self.passes: Passes = {}

    def answer(self) -> None:
        """Nothing: it only writes."""

    def about(self) -> dict[str, Any]:
        return {}


def has_onnx() -> bool:
    """True if nets can be written as ONNX and run."""
    return all(importlib.util.find_spec(name) for name in _PACKAGES)


def write_onnx_files(task: Task, folder: Path) -> dict[str, Path]:
    """Write the net once by each writer that is here; return the files by the writers' names.

    Raises:
        RunError: a writer failed.
    """
    names = [n for n in _WRITERS if has_onnx() and importlib.util.find_spec(n)]
    files = {name: folder / f"{name}.onnx" for name in names}
    for name, path in files.items():
        with closing(Lane(OnnxWriter, (task, name, str(path)), {})) as lane:
            lane.answer()
    return files

"""The recorded cases, and the program that holds a package against them."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from netdef.layer import LAYERS
from netdef.prototxt import read_net
from tests.conftest import SHARED

GOLDENS = SHARED / "goldens"


def checker() -> ModuleType:
    """Import ``check.py``, which lies beside the recordings."""
    spec = importlib.util.spec_from_file_location("goldens_check", GOLDENS / "check.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__["np"] = _ClosingNumPy()
    return module


class _ClosingNumPy:
    """NumPy for check.py, which leaves the files that it loads open."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def load(self, path: str) -> "Recording":
        with np.load(path) as file:
            return Recording(file)


class Recording(dict[str, Any]):
    """The arrays of a recording, and their names as check.py asks for them."""

    @property
    def files(self) -> list[str]:
        return list(self)


def layer_cases() -> list[dict[str, str]]:
    """Return name and phase of each recorded layer; none where there are no recordings."""
    index = GOLDENS / "layers" / "index.json"
    return json.loads(index.read_text()) if index.is_file() else []


def net_names() -> list[str]:
    return sorted(path.stem for path in (GOLDENS / "nets").glob("*.npz"))


def missing_types(prototxt: Path) -> set[str]:
    """Return the layer types of a net that netdef does not have."""
    return {layer.type for layer in read_net(prototxt).net.layer} - set(LAYERS)

"""cuDNN and its frontend: whether they are here, and the GPU that plans are made for."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from netdef.errors import DeviceError

MEND = "pip install 'netdef[cuda12]' or 'netdef[cuda13]', as your driver is"
OLDEST = 91100
"""The first cuDNN, 9.11, whose frontend plans for a GPU that is described by text."""


@cache
def load() -> Any:
    """Import the frontend once; the library comes with it.

    Raises:
        DeviceError: one of them is not there, cannot be loaded, or is too old.
    """
    try:
        cudnn = import_module("cudnn")
        version = cudnn.backend_version()
    except ImportError as error:
        raise DeviceError(f"cuDNN's frontend is not here ({error}); {MEND}") from error
    except (OSError, RuntimeError, AttributeError) as error:
        raise DeviceError(f"cuDNN cannot be loaded ({error}); {MEND}") from error
    if version < OLDEST:
        raise DeviceError(f"cuDNN {in_words(version)} is older than {in_words(OLDEST)}; {MEND}")
    return cudnn


@cache
def why_no_cudnn() -> str | None:
    """Return why cuDNN cannot be used here, or None if it can."""
    try:
        load()
    except DeviceError as error:
        return str(error)
    return None


def in_words(version: int) -> str:
    """Return cuDNN's 91100 as 9.11.0."""
    return f"{version // 10000}.{version // 100 % 100}.{version % 100}"


@dataclass(frozen=True)
class Target:
    """A GPU as cuDNN describes it, in JSON: enough to plan for it where there is none."""

    properties: str

    @staticmethod
    def of_gpu(number: int) -> "Target":
        """Describe a GPU of this machine."""
        return Target(_text(load().create_device_properties(number).serialize()))

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the description says, by its names."""
        found: dict[str, Any] = json.loads(self.properties)
        return found

    @property
    def folder(self) -> str:
        """A name for all that plans depend on: the GPU, its driver, and cuDNN."""
        cudnn, facts = load(), self.facts
        parts = (
            facts["deviceName"],
            f"{facts['multiProcessorCount']} multiprocessors",
            f"driver {facts['driverVer']}",
            f"cuDNN {in_words(cudnn.backend_version())}",
            f"frontend {cudnn.__version__}",
        )
        return ", ".join(parts).replace("/", "-")

    @cached_property
    def keywords(self) -> dict[str, Any]:
        """What a ``pygraph`` must be told to plan for this GPU."""
        described = load().create_device_properties(self.properties)
        return {"device_property": described, "sm_version": self.facts["deviceVer"]}


def _text(serialized: Any) -> str:
    return serialized if isinstance(serialized, str) else bytes(serialized).decode()

"""How a solver's nets compute: as its prototxt says, and else as the command line does."""

from typing import TypedDict

from netdef.proto import Precision, SolverParameter


class Computing(TypedDict):
    """What ``Net`` and the engines are told; None leaves it to ``netdef.engines.settings``."""

    precision: str | None
    tf32: bool | None
    autotune: bool | None


def computing(param: SolverParameter) -> Computing:
    """Return what the fields say that are there."""
    return {
        "precision": Precision.Name(param.precision) if param.HasField("precision") else None,
        "tf32": param.tf32 if param.HasField("tf32") else None,
        "autotune": param.autotune if param.HasField("autotune") else None,
    }

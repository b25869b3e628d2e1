"""Choosing the engine of a call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netdef.engines.engine import Engine, Refused
from netdef.errors import ConfigError


@dataclass(frozen=True)
class Choice:
    """The engine a step runs on, and what the faster ones said against it."""

    engine: Engine
    refused: dict[str, str]
    only_launches: bool = False
    """True if a GPU can run it as a part of a graph: see ``Launches``."""

    def __str__(self) -> str:
        return "; ".join([self.engine.name, *(f"{n}: {why}" for n, why in self.refused.items())])


def choose(
    primitive: str,
    dtype: str,
    options: Mapping[str, Any],
    engines: Sequence[Engine],
    asked: str | None = None,
    rehearse: Callable[[Engine], object] | None = None,
) -> Choice:
    """Take the first engine that does not refuse, fastest first.

    ``rehearse`` prepares the call on an engine, without memory, to see if it refuses then.

    Raises:
        ConfigError: the engine that was asked for by name refuses or is not here; there
            is no silent fallback from it.
    """
    refused: dict[str, str] = {}
    for engine in engines:
        if asked in (None, engine.name):
            if not engine.has(primitive) and asked is None:
                continue
            why = _refusal(engine, primitive, dtype, options, rehearse)
            if why is None:
                return Choice(engine, refused)
            refused[engine.name] = why
    if asked is not None and not refused:
        here = ", ".join(e.name for e in engines)
        raise ConfigError(
            f"asks for engine {asked.upper()}, which this device does not have ({here});"
            " remove the engine field"
        )
    reasons = "; ".join(f"{n} {why}" for n, why in refused.items())
    raise ConfigError(f"no engine runs {primitive} in {dtype}: {reasons}")


def _refusal(
    engine: Engine,
    primitive: str,
    dtype: str,
    options: Mapping[str, Any],
    rehearse: Callable[[Engine], object] | None,
) -> str | None:
    if not engine.has(primitive):
        return f"has no {primitive}"
    why = engine.refuses(primitive, dtype, options)
    if why is None and rehearse is not None:
        try:
            rehearse(engine)
        except Refused as refusal:
            return str(refusal)
    return why

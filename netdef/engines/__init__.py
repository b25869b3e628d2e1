"""Engines: which implementation of a primitive a step of the plan runs."""

from netdef.engines import settings
from netdef.engines.available import engines_of
from netdef.engines.choice import Choice, choose
from netdef.engines.engine import Clock, Engine, Refused, Run
from netdef.engines.scratch import Scratch, aligned

__all__ = [
    "Choice",
    "Clock",
    "Engine",
    "Refused",
    "Run",
    "Scratch",
    "aligned",
    "choose",
    "engines_of",
    "settings",
]

"""Engines: which implementation of a primitive a step of the plan runs."""

from netdef.engines import settings
from netdef.engines.available import engines_of
from netdef.engines.checks import Checks
from netdef.engines.choice import Choice, choose
from netdef.engines.engine import Clock, Engine, Launches, Refused, Run
from netdef.engines.scratch import Scratch, aligned

__all__ = [
    "Checks",
    "Choice",
    "Clock",
    "Engine",
    "Launches",
    "Refused",
    "Run",
    "Scratch",
    "aligned",
    "choose",
    "engines_of",
    "settings",
]

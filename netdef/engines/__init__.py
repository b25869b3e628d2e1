"""Engines: which implementation of a primitive a step of the plan runs."""

from netdef.engines.choice import Choice, choose
from netdef.engines.engine import Clock, Engine, Run
from netdef.engines.scratch import Scratch

__all__ = ["Choice", "Clock", "Engine", "Run", "Scratch", "choose"]

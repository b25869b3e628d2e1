"""The formulas of the learning rate that ``lr_policy`` names."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from netdef.errors import ConfigError
from netdef.proto import SolverParameter

Formula = Callable[[SolverParameter, int, int], float]


@dataclass(frozen=True)
class Policy:
    """A formula of the solver's fields, the iteration and the step; the fields it must have."""

    formula: Formula
    needs: tuple[str, ...] = ()


def _power(base: float, exponent: float) -> float:
    return float(np.float64(base) ** exponent)  # inf, where Python's own raises


def _fixed(p: SolverParameter, iteration: int, step: int) -> float:
    return p.base_lr


def _steps(p: SolverParameter, iteration: int, step: int) -> float:
    return p.base_lr * _power(p.gamma, step)


def _exp(p: SolverParameter, iteration: int, step: int) -> float:
    return p.base_lr * _power(p.gamma, iteration)


def _inv(p: SolverParameter, iteration: int, step: int) -> float:
    return p.base_lr * _power(1 + p.gamma * iteration, -p.power)


def _poly(p: SolverParameter, iteration: int, step: int) -> float:
    _refuse_past_the_end(p, iteration)
    return p.base_lr * _power(1 - iteration / p.max_iter, p.power)


def _sigmoid(p: SolverParameter, iteration: int, step: int) -> float:
    return p.base_lr / (1 + float(np.exp(-p.gamma * (iteration - p.stepsize))))


def _cosine(p: SolverParameter, iteration: int, step: int) -> float:
    _refuse_past_the_end(p, iteration)
    return _half_wave(p.base_lr, p.min_lr, iteration / p.max_iter)


def _onecycle(p: SolverParameter, iteration: int, step: int) -> float:
    _refuse_past_the_end(p, iteration)
    top = p.onecycle_rise * p.max_iter
    if iteration < top:
        return _half_wave(p.onecycle_start * p.base_lr, p.base_lr, iteration / top)
    return _half_wave(p.base_lr, p.min_lr, (iteration - top) / (p.max_iter - top))


def _plateau(p: SolverParameter, iteration: int, step: int) -> float:
    return max(_steps(p, iteration, step), p.min_lr)


def _half_wave(start: float, end: float, part: float) -> float:
    """Return what is ``part`` of the way from ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def _refuse_past_the_end(p: SolverParameter, iteration: int) -> None:
    if iteration > p.max_iter:
        raise ConfigError(
            f"lr_policy {p.lr_policy!r} ends at max_iter {p.max_iter}, iteration {iteration} is"
            " past it; raise max_iter"
        )


POLICIES = {
    "fixed": Policy(_fixed),
    "step": Policy(_steps, ("gamma", "stepsize")),
    "exp": Policy(_exp, ("gamma",)),
    "inv": Policy(_inv, ("gamma", "power")),
    "multistep": Policy(_steps, ("gamma", "stepvalue")),
    "poly": Policy(_poly, ("power", "max_iter")),
    "sigmoid": Policy(_sigmoid, ("gamma", "stepsize")),
    "cosine": Policy(_cosine, ("max_iter",)),
    "onecycle": Policy(_onecycle, ("max_iter",)),
    "plateau": Policy(_plateau, ("gamma", "plateau_winsize")),
}

"""The learning rate over the iterations, as ``lr_policy`` says."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from netdef.errors import ConfigError, unknown
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
    if iteration > p.max_iter:
        raise ConfigError(
            f"lr_policy 'poly' ends at max_iter {p.max_iter}, iteration {iteration} is past it;"
            " raise max_iter"
        )
    return p.base_lr * _power(1 - iteration / p.max_iter, p.power)


def _sigmoid(p: SolverParameter, iteration: int, step: int) -> float:
    return p.base_lr / (1 + float(np.exp(-p.gamma * (iteration - p.stepsize))))


POLICIES = {
    "fixed": Policy(_fixed),
    "step": Policy(_steps, ("gamma", "stepsize")),
    "exp": Policy(_exp, ("gamma",)),
    "inv": Policy(_inv, ("gamma", "power")),
    "multistep": Policy(_steps, ("gamma", "stepvalue")),
    "poly": Policy(_poly, ("power", "max_iter")),
    "sigmoid": Policy(_sigmoid, ("gamma", "stepsize")),
}


class Schedule:
    """The learning rate of a solver at each iteration, with i the iteration from 0.

    ``fixed``: base_lr. ``step`` and ``multistep``: base_lr gamma^current_step, where
    current_step is floor(i / stepsize), or the number of stepvalues that were reached.
    ``exp``: base_lr gamma^i. ``inv``: base_lr (1 + gamma i)^-power. ``poly``:
    base_lr (1 - i / max_iter)^power. ``sigmoid``: base_lr / (1 + exp(-gamma (i - stepsize))).

    Raises:
        ConfigError: the policy is unknown, or a field that it needs is missing.
    """

    def __init__(self, param: SolverParameter) -> None:
        self.current_step = 0
        self._param = param
        name = param.lr_policy
        if not name:
            raise ConfigError(f"lr_policy is not set; it is one of {', '.join(POLICIES)}")
        if name not in POLICIES:
            raise unknown("lr_policy", name, POLICIES)
        set_fields = {field.name for field, _ in param.ListFields()}
        for field in ("base_lr", *POLICIES[name].needs):
            if field not in set_fields:
                raise ConfigError(f"lr_policy {name!r} needs {field}, which is not set")
        for field, policy in (("stepsize", "step"), ("max_iter", "poly")):
            if name == policy and getattr(param, field) < 1:
                raise ConfigError(f"{field} must be at least 1, got {getattr(param, field)}")

    def rate(self, iteration: int) -> float:
        """Return the learning rate of an iteration: the one that comes next."""
        formula = POLICIES[self._param.lr_policy].formula
        with np.errstate(over="ignore"):
            return formula(self._param, iteration, self._step_at(iteration))

    def begin(self, iteration: int) -> float:
        """Return the learning rate of an iteration, and remember the step that it is in."""
        self.current_step = self._step_at(iteration)
        return self.rate(iteration)

    def _step_at(self, iteration: int) -> int:
        step, values = self.current_step, self._param.stepvalue
        if self._param.lr_policy == "step":
            return iteration // self._param.stepsize
        if self._param.lr_policy == "multistep":
            # As in Caffe, at most one step an iteration.
            is_reached = step < len(values) and iteration >= values[step]
            return step + 1 if is_reached else step
        return step

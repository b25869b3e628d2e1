"""The learning rate over the iterations."""

import numpy as np

from netdef.errors import ConfigError, unknown
from netdef.proto import SolverParameter
from netdef.solvers.policies import POLICIES


class Schedule:
    """The learning rate of a solver at each iteration, with i the iteration from 0.

    ``fixed``: base_lr. ``step`` and ``multistep``: base_lr gamma^current_step, where
    current_step is floor(i / stepsize), or the number of stepvalues that were reached.
    ``exp``: base_lr gamma^i. ``inv``: base_lr (1 + gamma i)^-power. ``poly``:
    base_lr (1 - i / max_iter)^power. ``sigmoid``: base_lr / (1 + exp(-gamma (i - stepsize))).
    ``cosine``: from base_lr to min_lr along half a cosine of max_iter iterations.
    ``onecycle``: so from onecycle_start base_lr up to base_lr in the part onecycle_rise of
    max_iter, and then down to min_lr. ``plateau``: max(base_lr gamma^current_step, min_lr),
    where what is watched stood still current_step times (see ``stand_still``).

    In the first ``warmup_iter`` iterations the rate is
    ``warmup_start_lr + (rate - warmup_start_lr) i / warmup_iter``.

    Sources: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts,
    2016; Smith and Topin, Super-convergence, 2017; Goyal et al., Accurate, large minibatch
    SGD, 2017.

    Raises:
        ConfigError: the policy is unknown, or a field that it needs is missing or wrong.
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
        if param.max_epoch:
            set_fields.add("max_iter")  # it will be, when the data are counted
        for field in ("base_lr", *POLICIES[name].needs):
            if field not in set_fields:
                raise ConfigError(f"lr_policy {name!r} needs {field}, which is not set")
        _check_ranges(param)

    def rate(self, iteration: int) -> float:
        """Return the learning rate of an iteration: the one that comes next."""
        p = self._param
        with np.errstate(over="ignore"):
            rate = POLICIES[p.lr_policy].formula(p, iteration, self._step_at(iteration))
        if iteration < p.warmup_iter:
            return p.warmup_start_lr + (rate - p.warmup_start_lr) * iteration / p.warmup_iter
        return rate

    def begin(self, iteration: int) -> float:
        """Return the learning rate of an iteration, and remember the step that it is in."""
        self.current_step = self._step_at(iteration)
        return self.rate(iteration)

    def stand_still(self, iterations: int) -> bool:
        """Lower the rate of a ``plateau`` if nothing got better for its window of iterations.

        Windows are taken one after the other; behind the last one the rate stays. Returns
        whether the rate was lowered.
        """
        p = self._param
        is_over = p.lr_policy != "plateau" or self.current_step >= len(p.plateau_winsize)
        if is_over or iterations < p.plateau_winsize[self.current_step]:
            return False
        self.current_step += 1
        return True

    def _step_at(self, iteration: int) -> int:
        step, values = self.current_step, self._param.stepvalue
        if self._param.lr_policy == "step":
            return iteration // self._param.stepsize
        if self._param.lr_policy == "multistep":
            # As in Caffe, at most one step an iteration.
            is_reached = step < len(values) and iteration >= values[step]
            return step + 1 if is_reached else step
        return step


def rates(param: SolverParameter, first: int = 0, last: int | None = None) -> list[float]:
    """Return the rate of each iteration from ``first`` to before ``last`` (max_iter).

    Nothing is trained, so a ``plateau`` is never met: its rate is that of steady progress.

    Raises:
        ConfigError: the policy is unknown, or a field that it needs is missing or wrong.
    """
    schedule = Schedule(param)
    end = param.max_iter if last is None else last
    return [schedule.begin(i) for i in range(end)][first:]


def _check_ranges(param: SolverParameter) -> None:
    name = param.lr_policy
    lengths = {"step": "stepsize", "poly": "max_iter", "cosine": "max_iter", "onecycle": "max_iter"}
    field = lengths.get(name)
    is_to_come = field == "max_iter" and param.max_epoch
    if field and not is_to_come and getattr(param, field) < 1:
        raise ConfigError(f"{field} must be at least 1, got {getattr(param, field)}")
    if param.warmup_iter < 0:
        raise ConfigError(f"warmup_iter must be at least 0, got {param.warmup_iter}")
    if name == "onecycle" and not 0 <= param.onecycle_rise < 1:
        raise ConfigError(f"onecycle_rise must be from 0 to below 1, got {param.onecycle_rise:g}")
    for window in param.plateau_winsize if name == "plateau" else ():
        if window < 1:
            raise ConfigError(f"plateau_winsize must be at least 1, got {window}")

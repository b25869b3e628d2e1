"""``Solver``: trains a net as its prototxt says, with pycaffe's names."""

import math
import time
from collections import deque
from contextlib import nullcontext
from typing import Any

import numpy as np

from netdef import mode
from netdef.errors import ConfigError, RunError, WeightsError, at
from netdef.layer import DataLayer
from netdef.net import Net
from netdef.proto import SolverParameter
from netdef.prototxt import read_solver
from netdef.solvers import snapshotting
from netdef.solvers.average import WeightAverage
from netdef.solvers.checks import check_solver
from netdef.solvers.divergence import Stand, diverge, stand_of
from netdef.solvers.epochs import count_iterations, records_of
from netdef.solvers.nets import NetChoice, test_nets, train_net
from netdef.solvers.reporter import Displayed, Reporter, Scores, Started, outputs_of
from netdef.solvers.schedule import Schedule
from netdef.solvers.signals import Effect
from netdef.solvers.snapshots import Snapshots
from netdef.solvers.testing import loss_of, output_values, test
from netdef.solvers.update import Update
from netdef.solvers.watch import watch_of
from netdef.whole_set import plan_whole_set


class Solver:
    """A net in training: ``net``, its ``test_nets``, and ``iter`` iterations done.

    ``param`` says how to train; ``path`` is its file, for messages, for nets that lie
    beside it and for the name of snapshots. ``keep`` is ``"blobs"`` if all blobs of the
    nets must stay readable, ``"outputs"`` if memory is to be saved. ``on_nan``, if given,
    comes instead of the field: what a loss that is no number does. ``stop`` raises;
    ``continue`` leaves the update out and goes on with the next batch; ``rollback`` goes
    back to the weights of the last snapshot and on with the next batch.

    Raises:
        ConfigError: something in the prototxt cannot be; no data are read before.
        DeviceError: solver_mode is GPU and there is none.
    """

    def __init__(
        self,
        param: SolverParameter,
        path: str = "solver.prototxt",
        keep: str = "blobs",
        reporter: Reporter | None = None,
        on_nan: str | None = None,
    ) -> None:
        self.param = SolverParameter()
        self.param.CopyFrom(param)
        self.param.on_nan = on_nan or param.on_nan
        self.path, self.iter = path, 0
        self.reporter = reporter or Reporter()
        self._keep = keep
        with at(path):
            check_solver(self.param)
            self.schedule = Schedule(self.param)
            self.snapshots = Snapshots(param, path)
            if param.snapshot:
                self.snapshots.check_folder()
            _choose_device(param)
        self.seed = param.random_seed if param.random_seed >= 0 else mode.seed()
        self._choice = train_net(param, path)
        self.net = self._net(self._choice)
        self.test_nets = [self._net(choice, self.net) for choice in test_nets(param, path)]
        with at(path):
            count_iterations(self.param, self.net.sources)
            self.watch = watch_of(param, self.test_nets)
        for net in self.test_nets if param.test_whole_set else ():
            plan_whole_set(net)
        for weights in param.weights:
            self.net.copy_from(weights)
        self.update = Update(self.net.weights, self.param)
        decay = param.ema_decay
        self.average = WeightAverage(self.net.weights, decay) if decay else None
        self.losses: deque[float] = deque(maxlen=param.average_loss)
        self._goes_on = self.is_stopped = self.has_settled = False
        self._asked = Effect.NONE
        self.last_snapshot: str | None = None
        self.rollbacks = 0
        self._before = Stand({}, 0)
        self._displayed_at = 0, time.monotonic()

    def _net(self, choice: NetChoice, share: Net | None = None) -> Net:
        state = choice.state
        return Net(
            choice.text,
            phase=state.phase,
            level=state.level,
            stages=state.stage,
            keep=self._keep,
            share=share,
            seed=self.seed,
        )

    @property
    def lr(self) -> float:
        """The learning rate of the iteration that comes next."""
        return self.schedule.rate(self.iter)

    def step(self, n: int) -> None:
        """Train for ``n`` iterations, with the tests and snapshots that fall due.

        Ends early, with ``is_stopped``, if ``ask`` was asked to stop, and with
        ``has_settled`` if nothing got better for ``patience`` iterations.

        Raises:
            Diverged: the loss is no longer a number.
            DataError: the data are damaged.
        """
        if not self._goes_on:
            self.losses.clear()
        self._goes_on = self.is_stopped = self.has_settled = False
        self._displayed_at = self.iter, time.monotonic()
        end = self.iter + n
        while self.iter < end and not self.is_stopped and not self.has_settled:
            self._iterate()

    def ask(self, effect: Effect) -> None:
        """Take a snapshot, or stop with one, when the iteration is done."""
        self._asked = effect

    def _iterate(self) -> None:
        if self._is_due(self.param.test_interval) and (
            self.iter > 0 or self.param.test_initialization
        ):
            self.test_all()
            if self.has_settled:
                return
        loss = self._forward_backward()
        if math.isfinite(loss):
            self._learn(loss)
        else:
            diverge(self, self._choice, self._before)
            return
        self.iter += 1
        self.reporter.trained(self.iter, loss)
        asked, self._asked = self._asked, Effect.NONE
        self.is_stopped = asked is Effect.STOP
        if self.is_stopped:
            self.snapshot()
        elif self._is_due(self.param.snapshot) or asked is Effect.SNAPSHOT:
            self._try_snapshot()

    def _learn(self, loss: float) -> None:
        self.losses.append(loss)
        if not self.param.monitor:
            self._see(self._smoothed_loss)
        rate = self.schedule.begin(self.iter)
        if self._is_due(self.param.display):
            self._display(rate)
        self.net.give_back()
        self.update.apply(rate, self.iter)
        if self.average:
            self.average.follow()

    def _see(self, value: float) -> bool:
        """Take in what is watched; lower the rate of a plateau; say whether it got better."""
        is_better = self.watch.see(value, self.iter)
        if not is_better and self.schedule.stand_still(self.watch.standstill(self.iter)):
            self.watch.lowered_iter = self.iter
        patience = self.param.patience
        self.has_settled = 0 < patience <= self.iter - self.watch.best_iter
        return is_better

    def _is_due(self, interval: int) -> bool:
        return interval > 0 and self.iter % interval == 0

    def _forward_backward(self) -> float:
        """Sum the gradients of ``iter_size`` batches, and return their mean loss.

        A loss that is no number ends it; ``_before`` is where its batch began.
        """
        self.net.clear_param_diffs()
        loss = 0.0
        with np.errstate(all="ignore"):  # what is no number is looked for in the loss
            for _ in range(self.param.iter_size):
                self._before = stand_of(self.net)
                self.net.forward()
                loss += loss_of(self.net)
                if not math.isfinite(loss):
                    break
                self.net.backward()
        return loss / self.param.iter_size

    @property
    def _smoothed_loss(self) -> float:
        return sum(self.losses) / len(self.losses)

    def _display(self, rate: float) -> None:
        (iteration, then), now = self._displayed_at, time.monotonic()
        self._displayed_at = self.iter, now
        self.reporter.displayed(
            Displayed(
                iteration=self.iter,
                loss=self._smoothed_loss,
                outputs=outputs_of(self.net, output_values(self.net)),
                rate=rate,
                seconds=now - then,
                iterations=self.iter - iteration,
                display=self.param.display,
            )
        )

    def test_all(self) -> None:
        """Run every test net over its ``test_iter`` batches or whole set, and report the means.

        With ``ema_decay`` the average of the weights is tested.
        """
        is_averaged = self.average is not None and self.average.has_begun
        with self.average.in_place() if self.average and is_averaged else nullcontext():
            for number, net in enumerate(self.test_nets):
                self._test(number, net)

    def _test(self, number: int, net: Net) -> None:
        self.reporter.testing(self.iter, number)
        counts = self.param.test_iter
        outputs, loss = test(net, None if self.param.test_whole_set else counts[number])
        shown = loss if self.param.test_compute_loss else None
        self.reporter.tested(Scores(self.iter, number, outputs, shown))
        for output in outputs if number == 0 else ():
            if output.name == self.param.monitor and self._see(output.value):
                self._keep_best()

    def _keep_best(self) -> None:
        """Write the weights that were tested, if ``snapshot_best`` asks for it."""
        if not self.param.snapshot_best:
            return
        try:
            self.reporter.snapshotting(self.snapshots.best)
            self.net.save(self.snapshots.best, self.snapshots.format)
        except (RunError, WeightsError) as error:
            self.reporter.warned(f"{error}; the training goes on")

    def solve(self, resume_file: str | None = None) -> None:
        """Train up to ``max_iter``, from a snapshot if one is given; test at the end.

        If ``ask`` was asked to stop, it returns early, with ``is_stopped``.

        Raises:
            ConfigError: max_iter is not set, or snapshots cannot be written.
            Diverged: the loss is no longer a number.
        """
        with at(self.path):
            if not self.param.HasField("max_iter"):
                raise ConfigError("neither max_iter nor max_epoch is set; one says when to end")
            if self.param.snapshot_after_train:
                self.snapshots.check_folder()
            if self.param.snapshot_after_train or self.param.snapshot:
                snapshotting.check_size(self)
        if resume_file:
            self.restore(resume_file)
        self.reporter.started(self._start())
        self.step(self.param.max_iter - self.iter)
        if self.is_stopped:
            self.reporter.stopped(self.iter)
            return
        if self.has_settled:
            self.reporter.settled(self.iter, self.watch.best_iter)
        is_kept = self.last_snapshot == self.snapshots.state(self.iter)
        if self.param.snapshot_after_train and not is_kept:
            self.snapshot()
        if self._is_due(self.param.display):
            self.net.forward()
            self.losses.append(loss_of(self.net))
            self.reporter.displayed(Displayed(self.iter, self._smoothed_loss))
        if self._is_due(self.param.test_interval):
            self.test_all()
        self.reporter.finished()

    def _start(self) -> Started:
        data = [n.tops[0] for n in self.net.graph.nodes if isinstance(n.layer, DataLayer)]
        batch = self.net.shapes.blobs[data[0]][0] * self.param.iter_size if data else 0
        param = self.param
        return Started(
            self.net.name,
            param.lr_policy,
            self.iter,
            param.max_iter,
            batch,
            records_of(self.net.sources),
        )

    def snapshot(self) -> None:
        """Write the weights, then the state that names them; each file whole or not at all.

        Raises:
            RunError: a file cannot be written, or the weights are no numbers.
            WeightsError: a file would be larger than 2 GiB, and is not HDF5.
        """
        self.last_snapshot = snapshotting.take(self)
        self.rollbacks = 0

    def _try_snapshot(self) -> None:
        """Take a snapshot; if it fails, say so and let the training go on."""
        try:
            self.snapshot()
        except (RunError, WeightsError) as error:
            self.reporter.warned(f"{error}; the training goes on")

    def restore(self, path: str) -> None:
        """Go on from a ``.solverstate`` of netdef's or Caffe's, and the weights it names.

        From one of netdef's the run goes on as if it had never stopped. ``"auto"`` takes the
        newest one of ``snapshot_prefix`` that is whole, or none if there is none.

        Raises:
            MissingFile: the state or its weights are not there.
            WeightsError: they are damaged, or of another net or type of solver.
        """
        if path == "auto":
            snapshotting.restore_newest(self)
        else:
            snapshotting.restore(self, path)
        self._goes_on = bool(self.losses)


def _choose_device(param: SolverParameter) -> None:
    """Turn to the GPU if the prototxt says so; a GPU that the user chose stays."""
    asks_for_gpu = param.HasField("solver_mode") and param.solver_mode == SolverParameter.GPU
    if asks_for_gpu and not mode.device().is_gpu:
        if param.HasField("device_id"):
            mode.set_device(param.device_id)
        mode.set_mode_gpu()


def get_solver(path: str, **options: Any) -> Solver:
    """Return the solver that a prototxt describes; ``options`` are those of ``Solver``.

    Raises:
        ConfigError: the prototxt cannot be used; where, and how to mend it.
    """
    return Solver(read_solver(path), str(path), **options)


class SGDSolver(Solver):
    """A solver of type SGD, whatever type its prototxt names, as in pycaffe."""

    def __init__(self, path: str, **options: Any) -> None:
        param = read_solver(path)
        param.type = "SGD"
        super().__init__(param, path, **options)

"""``Solver``: trains a net as its prototxt says, with pycaffe's names."""

import math
import time
from collections import deque
from typing import Any

from netdef import mode
from netdef.errors import ConfigError, Diverged, at
from netdef.io.solverstate import SavedState, read_state, write_state
from netdef.layer import DataLayer
from netdef.net import Net
from netdef.proto import SolverParameter
from netdef.prototxt import read_solver
from netdef.solvers.nets import NetChoice, check_nets, test_nets, train_net
from netdef.solvers.policies import Schedule
from netdef.solvers.reporter import Displayed, Reporter, Scores, Started, outputs_of
from netdef.solvers.snapshots import Snapshots, find_learned_net
from netdef.solvers.testing import loss_of, output_values, test
from netdef.solvers.update import Update, checked_rule


class Solver:
    """A net in training: ``net``, its ``test_nets``, and ``iter`` iterations done.

    ``param`` says how to train; ``path`` is its file, for messages, for nets that lie
    beside it and for the name of snapshots. ``keep`` is ``"blobs"`` if all blobs of the
    nets must stay readable, ``"outputs"`` if memory is to be saved.

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
    ) -> None:
        self.param = SolverParameter()
        self.param.CopyFrom(param)
        self.path, self.iter = path, 0
        self.reporter = reporter or Reporter()
        self._keep = keep
        with at(path):
            self._check()
            self._schedule = Schedule(param)
            self._snapshots = Snapshots(param, path)
            if param.snapshot:
                self._snapshots.check_folder()
            _choose_device(param)
        self.seed = param.random_seed if param.random_seed >= 0 else mode.seed()
        self.net = self._net(train_net(param, path))
        self.test_nets = [self._net(choice, self.net) for choice in test_nets(param, path)]
        for weights in param.weights:
            self.net.copy_from(weights)
        self._update = Update(self.net.weights, self.param)
        self._losses: deque[float] = deque(maxlen=param.average_loss)
        self._displayed_at = 0, time.monotonic()

    def _check(self) -> None:
        check_nets(self.param)
        for field in ("iter_size", "average_loss"):
            if getattr(self.param, field) < 1:
                raise ConfigError(f"{field} must be at least 1, got {getattr(self.param, field)}")
        checked_rule(self.param)

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
        return self._schedule.rate(self.iter)

    def step(self, n: int) -> None:
        """Train for ``n`` iterations, with the tests and snapshots that fall due.

        Raises:
            Diverged: the loss is no longer a number.
            DataError: the data are damaged.
            RunError: a snapshot cannot be written.
        """
        self._losses.clear()
        self._displayed_at = self.iter, time.monotonic()
        for _ in range(n):
            self._iterate()

    def _iterate(self) -> None:
        if self._is_due(self.param.test_interval) and (
            self.iter > 0 or self.param.test_initialization
        ):
            self.test_all()
        loss = self._forward_backward()
        self._losses.append(loss)
        rate = self._schedule.begin(self.iter)
        if self._is_due(self.param.display):
            self._display(rate)
        self._update.apply(rate, self.iter)
        self.iter += 1
        self.reporter.trained(self.iter, loss)
        if self._is_due(self.param.snapshot):
            self.snapshot()

    def _is_due(self, interval: int) -> bool:
        return interval > 0 and self.iter % interval == 0

    def _forward_backward(self) -> float:
        """Sum the gradients of ``iter_size`` batches, and return their mean loss."""
        self.net.clear_param_diffs()
        loss = 0.0
        for _ in range(self.param.iter_size):
            self.net.forward()
            loss += loss_of(self.net)
            self.net.backward()
        loss /= self.param.iter_size
        if math.isnan(loss):
            raise Diverged(
                f"{self.path}: the loss is no longer a number at iteration {self.iter}; lower"
                f" base_lr ({self.param.base_lr:g}) or set clip_gradients"
            )
        return loss

    @property
    def _smoothed_loss(self) -> float:
        return sum(self._losses) / len(self._losses)

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
        """Run every test net over its ``test_iter`` batches, and report the means."""
        for i, (net, batches) in enumerate(zip(self.test_nets, self.param.test_iter, strict=True)):
            self.reporter.testing(self.iter, i)
            outputs, loss = test(net, batches)
            shown = loss if self.param.test_compute_loss else None
            self.reporter.tested(Scores(self.iter, i, outputs, shown))

    def solve(self, resume_file: str | None = None) -> None:
        """Train up to ``max_iter``, from a snapshot if one is given; test at the end.

        Raises:
            ConfigError: max_iter is not set, or snapshots cannot be written.
            Diverged: the loss is no longer a number.
        """
        with at(self.path):
            if not self.param.HasField("max_iter"):
                raise ConfigError("max_iter is not set; it is the iteration to end at")
            if self.param.snapshot_after_train:
                self._snapshots.check_folder()
        if resume_file:
            self.restore(resume_file)
        self.reporter.started(self._start())
        self.step(self.param.max_iter - self.iter)
        if self.param.snapshot_after_train and not self._is_due(self.param.snapshot):
            self.snapshot()
        if self._is_due(self.param.display):
            self.net.forward()
            self._losses.append(loss_of(self.net))
            self.reporter.displayed(Displayed(self.iter, self._smoothed_loss))
        if self._is_due(self.param.test_interval):
            self.test_all()
        self.reporter.finished()

    def _start(self) -> Started:
        data = [n.tops[0] for n in self.net.graph.nodes if isinstance(n.layer, DataLayer)]
        batch = self.net.shapes.blobs[data[0]][0] * self.param.iter_size if data else 0
        param = self.param
        return Started(self.net.name, param.lr_policy, self.iter, param.max_iter, batch)

    def snapshot(self) -> None:
        """Write the weights, then the state that names them; each file whole or not at all.

        Raises:
            RunError: a file cannot be written.
        """
        weights, state = self._snapshots.weights(self.iter), self._snapshots.state(self.iter)
        self.reporter.snapshotting(weights)
        self.net.save(weights, self._snapshots.format, self.param.snapshot_diff)
        self.reporter.snapshotting(state)
        saved = SavedState(self.iter, self._schedule.current_step, weights, self._update.saved())
        write_state(state, saved, self._snapshots.format)

    def restore(self, path: str) -> None:
        """Go on from a ``.solverstate`` of netdef's or Caffe's, and the weights it names.

        Raises:
            MissingFile: the state or its weights are not there.
            WeightsError: they are damaged, or of another net or type of solver.
        """
        state = read_state(path)
        with at(path):
            self._update.check(state.history)
        if state.learned_net:
            self.net.copy_from(find_learned_net(state.learned_net, path))
        self._update.restore(state.history)
        self.iter, self._schedule.current_step = state.iter, state.current_step
        self.net.clock.iteration = state.iter * self.param.iter_size
        self.reporter.restored(path, state.iter)


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

"""``Solver``: trains a net as its prototxt says, with pycaffe's names."""

import math
import time
from collections import deque
from typing import Any

import numpy as np

from netdef import mode
from netdef.errors import ConfigError, Diverged, MissingFile, RunError, WeightsError, at
from netdef.io.solverstate import SavedState, read_state, write_state
from netdef.layer import DataLayer
from netdef.net import Net
from netdef.proto import SolverParameter
from netdef.prototxt import read_solver
from netdef.solvers.divergence import Stand, stand_of, weights_are_numbers, where_it_began
from netdef.solvers.nets import NetChoice, check_nets, test_nets, train_net
from netdef.solvers.reporter import Displayed, Reporter, Scores, Started, outputs_of
from netdef.solvers.resuming import go_on, resume_state
from netdef.solvers.schedule import Schedule
from netdef.solvers.signals import Effect
from netdef.solvers.snapshots import Snapshots, find_learned_net
from netdef.solvers.testing import loss_of, output_values, test
from netdef.solvers.update import Update, checked_rule
from netdef.solvers.watch import watch_of

_ON_NAN = ("stop", "continue", "rollback")
_MOST_ROLLBACKS = 3
"""To one snapshot; a run that diverges again and again needs another rate."""


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
            self._check()
            self._schedule = Schedule(param)
            self._snapshots = Snapshots(param, path)
            if param.snapshot:
                self._snapshots.check_folder()
            _choose_device(param)
        self.seed = param.random_seed if param.random_seed >= 0 else mode.seed()
        self._choice = train_net(param, path)
        self.net = self._net(self._choice)
        self.test_nets = [self._net(choice, self.net) for choice in test_nets(param, path)]
        with at(path):
            self.watch = watch_of(param, self.test_nets)
        for weights in param.weights:
            self.net.copy_from(weights)
        self._update = Update(self.net.weights, self.param)
        self._losses: deque[float] = deque(maxlen=param.average_loss)
        self._goes_on = self.is_stopped = False
        self._asked = Effect.NONE
        self.last_snapshot: str | None = None
        self._rollbacks = 0
        self._displayed_at = 0, time.monotonic()

    def _check(self) -> None:
        check_nets(self.param)
        for field in ("iter_size", "average_loss"):
            if getattr(self.param, field) < 1:
                raise ConfigError(f"{field} must be at least 1, got {getattr(self.param, field)}")
        checked_rule(self.param)
        if self.param.on_nan not in _ON_NAN:
            raise ConfigError(f"no on_nan {self.param.on_nan!r}; it is stop, continue or rollback")

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

        Ends early, with ``is_stopped``, if ``ask`` was asked to stop.

        Raises:
            Diverged: the loss is no longer a number.
            DataError: the data are damaged.
        """
        if not self._goes_on:
            self._losses.clear()
        self._goes_on = self.is_stopped = False
        self._displayed_at = self.iter, time.monotonic()
        end = self.iter + n
        while self.iter < end and not self.is_stopped:
            self._iterate()

    def ask(self, effect: Effect) -> None:
        """Take a snapshot, or stop with one, when the iteration is done."""
        self._asked = effect

    def _iterate(self) -> None:
        if self._is_due(self.param.test_interval) and (
            self.iter > 0 or self.param.test_initialization
        ):
            self.test_all()
        loss, before = self._forward_backward()
        if math.isfinite(loss):
            self._learn(loss)
        else:
            self._diverge(before)
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
        self._losses.append(loss)
        if not self.param.monitor:
            self._see(self._smoothed_loss)
        rate = self._schedule.begin(self.iter)
        if self._is_due(self.param.display):
            self._display(rate)
        self._update.apply(rate, self.iter)

    def _see(self, value: float) -> None:
        """Take in what is watched; lower the rate of a plateau."""
        is_better = self.watch.see(value, self.iter)
        if not is_better and self._schedule.stand_still(self.watch.standstill(self.iter)):
            self.watch.lowered_iter = self.iter

    def _is_due(self, interval: int) -> bool:
        return interval > 0 and self.iter % interval == 0

    def _forward_backward(self) -> tuple[float, Stand]:
        """Sum the gradients of ``iter_size`` batches.

        Returns their mean loss, and where the last batch began. A loss that is no number
        ends it.
        """
        self.net.clear_param_diffs()
        loss, before = 0.0, stand_of(self.net)
        for _ in range(self.param.iter_size):
            before = stand_of(self.net)
            with np.errstate(all="ignore"):  # what is no number is looked for in the loss
                self.net.forward()
                loss += loss_of(self.net)
            if not math.isfinite(loss):
                break
            self.net.backward()
        return loss / self.param.iter_size, before

    def _diverge(self, before: Stand) -> None:
        """Do what ``on_nan`` says with a loss that is no number."""
        where = where_it_began(self.net, self._choice, before)
        snapshot = self.last_snapshot
        what = f"{self.path}: the loss is no longer a number at iteration {self.iter}, {where}"
        last = f"the last snapshot is {snapshot}" if snapshot else "there is no snapshot yet"
        if self.param.on_nan == "continue" and weights_are_numbers(self.net):
            self.iter += 1
            self.reporter.warned(f"{what}; goes on with the next batch")
        elif self.param.on_nan == "rollback" and snapshot and self._rollbacks < _MOST_ROLLBACKS:
            self._rollbacks += 1
            self.reporter.warned(f"{what}; goes back to {snapshot}")
            self._restore_weights(snapshot, read_state(snapshot))
        else:
            raise Diverged(
                f"{what}; lower base_lr ({self.param.base_lr:g}) or set clip_gradients; {last}"
            )

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
            for output in outputs if i == 0 else ():
                if output.name == self.param.monitor:
                    self._see(output.value)

    def solve(self, resume_file: str | None = None) -> None:
        """Train up to ``max_iter``, from a snapshot if one is given; test at the end.

        If ``ask`` was asked to stop, it returns early, with ``is_stopped``.

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
        if self.is_stopped:
            self.reporter.stopped(self.iter)
            return
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
            RunError: a file cannot be written, or the weights are no numbers.
            WeightsError: a file would be larger than 2 GiB, and is not HDF5.
        """
        weights, state = self._snapshots.weights(self.iter), self._snapshots.state(self.iter)
        if not weights_are_numbers(self.net):
            raise RunError(f"{weights}: is not written; the weights are no longer numbers")
        history = self._update.saved()
        copies = 2 if self.param.snapshot_diff else 1
        size = self.net.weights.data.nbytes * copies + sum(h.nbytes for h in history)
        self._snapshots.check_space(self.iter, size)
        self.reporter.snapshotting(weights)
        self.net.save(weights, self._snapshots.format, self.param.snapshot_diff)
        self.reporter.snapshotting(state)
        resume = resume_state([self.net, *self.test_nets], self._losses, self.watch)
        saved = SavedState(self.iter, self._schedule.current_step, weights, history, resume)
        write_state(state, saved, self._snapshots.format)
        self.last_snapshot, self._rollbacks = state, 0

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
            self._restore_newest()
            return
        state = read_state(path)
        self._restore_weights(path, state)
        self.net.clock.iteration = state.iter * self.param.iter_size
        if state.resume is not None:
            go_on([self.net, *self.test_nets], state.resume, self.watch)
            self._losses.extend(state.resume.losses)
            self.seed, self._goes_on = state.resume.seed, True

    def _restore_weights(self, path: str, state: SavedState) -> None:
        """Take over weights, histories and iteration, and leave the data where they are."""
        with at(path):
            self._update.check(state.history)
        if state.learned_net:
            self.net.copy_from(find_learned_net(state.learned_net, path))
        self._update.restore(state.history)
        self.iter, self._schedule.current_step = state.iter, state.current_step
        self.last_snapshot = path
        self.reporter.restored(path, state.iter)

    def _restore_newest(self) -> None:
        self._snapshots.remove_remains()
        found = self._snapshots.newest_first()
        for path in found:
            try:
                self.restore(path)
                return
            except (MissingFile, WeightsError) as error:
                self.reporter.warned(f"{error}; passed over")
        if found:
            raise WeightsError(
                f"{self._snapshots.prefix}: none of the {len(found)} snapshots can be gone on"
                " from; move them away to begin anew"
            )


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

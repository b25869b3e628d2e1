"""``Solver``: trains a net as its prototxt says, with pycaffe's names."""

import time
from collections import deque
from typing import Any

from netdef import mode
from netdef.device import Device
from netdef.errors import at
from netdef.net import Net
from netdef.proto import SolverParameter
from netdef.prototxt import read_solver
from netdef.solvers import snapshotting
from netdef.solvers.ahead import Iteration, catch_up
from netdef.solvers.average import WeightAverage
from netdef.solvers.checks import check_solver
from netdef.solvers.computing import computing
from netdef.solvers.epochs import count_iterations
from netdef.solvers.iteration import iterate
from netdef.solvers.loss_scale import LossScale
from netdef.solvers.nets import NetChoice, test_nets, train_net
from netdef.solvers.replicas import Replicas
from netdef.solvers.reporter import Reporter
from netdef.solvers.schedule import Schedule
from netdef.solvers.scoring import score_all
from netdef.solvers.sharing import check_sharing
from netdef.solvers.signals import Effect
from netdef.solvers.snapshots import Snapshots
from netdef.solvers.split_batch import split_batch
from netdef.solvers.watch import watch_of
from netdef.solvers.whole_run import run_whole
from netdef.whole_set import plan_whole_set


class Solver:
    """A net in training: ``net``, its ``test_nets``, and ``iter`` iterations done.

    ``param`` says how to train; ``path`` is its file, for messages, for nets that lie
    beside it and for the name of snapshots. ``keep`` is ``"blobs"`` if all blobs of the
    nets must stay readable, ``"outputs"`` if memory is to be saved; then gradients on a GPU
    may be 0 after an update. ``on_nan``, if given,
    comes instead of the field: what a loss that is no number does. ``stop`` raises;
    ``continue`` leaves the update out and goes on with the next batch; ``rollback`` goes
    back to the weights of the last snapshot and on with the next batch.

    On several GPUs (``mode.set_devices``) ``net`` is the first of copies that learn as one, each
    by batches of its own; with ``splits_batch`` each of them has its part of a batch instead.

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
        splits_batch: bool = False,
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
        self.choice = train_net(param, path)
        devices = mode.devices()
        if splits_batch:
            self.choice = split_batch(self.choice, len(devices))
        self.net = self._net(self.choice)
        if len(devices) > 1:
            check_sharing(self.net.graph)
        self.test_nets = [self._net(choice, self.net) for choice in test_nets(param, path)]
        with at(path):
            count_iterations(self.param, self.net.sources, len(devices))
            self.watch = watch_of(param, self.test_nets)
        for net in self.test_nets if param.test_whole_set else ():
            plan_whole_set(net)
        for weights in param.weights:
            self.net.copy_from(weights)
        nets = [self.net, *(self._copy(device) for device in devices[1:])]
        looks_at_gradients = keep == "blobs" or self.param.snapshot_diff
        self.replicas = Replicas(nets, self.param, looks_at_gradients)
        self.update = self.replicas.updates[0]
        self.loss_scale = LossScale(self.param, nets)
        decay = param.ema_decay
        self.average = WeightAverage(self.net.weights, decay) if decay else None
        self.losses: deque[float] = deque(maxlen=param.average_loss)
        self.begun: deque[Iteration] = deque()
        self._goes_on = self.is_stopped = self.has_settled = False
        self.asked = Effect.NONE
        self.last_snapshot: str | None = None
        self.rollbacks = 0
        self.displayed_at = 0, time.monotonic()

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
            **computing(self.param),
        )

    def _copy(self, device: Device) -> Net:
        """Return another net to train, on a GPU besides the first."""
        with mode.on(device):
            return self._net(self.choice)

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
        self.replicas.follow()
        self.displayed_at = self.iter, time.monotonic()
        end = self.iter + n
        while self.iter < end and not self.is_stopped and not self.has_settled:
            iterate(self)
        catch_up(self)

    def ask(self, effect: Effect) -> None:
        """Take a snapshot, or stop with one, when the iteration is done."""
        self.asked = effect

    def is_due(self, interval: int) -> bool:
        """Whether what happens every ``interval`` iterations happens at this one; 0 is never."""
        return interval > 0 and self.iter % interval == 0

    @property
    def smoothed_loss(self) -> float:
        """The mean of the last ``average_loss`` losses."""
        return sum(self.losses) / len(self.losses)

    def test_all(self) -> None:
        """Run every test net over its ``test_iter`` batches or whole set, and report the means.

        With ``ema_decay`` the average of the weights is tested.
        """
        score_all(self)

    def solve(self, resume_file: str | None = None) -> None:
        """Train up to ``max_iter``, from a snapshot if one is given; test at the end.

        If ``ask`` was asked to stop, it returns early, with ``is_stopped``.

        Raises:
            ConfigError: it is not said when to end, or snapshots cannot be written.
            Diverged: the loss is no longer a number.
        """
        run_whole(self, resume_file)

    def snapshot(self) -> None:
        """Write the weights, then the state that names them; each file whole or not at all.

        Raises:
            RunError: a file cannot be written, or the weights are no numbers.
            WeightsError: a file would be larger than 2 GiB, and is not HDF5.
        """
        self.last_snapshot = snapshotting.take(self)
        self.rollbacks = 0

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

"""The value that a run watches: whether it gets better, and for how long it has not."""

from netdef.errors import ConfigError, did_you_mean
from netdef.net import Net
from netdef.proto import SolverParameter

_MODES = ("min", "max")


class Watch:
    """The best value so far of what ``monitor`` names, or of the smoothed training loss.

    ``is_maximized`` says which of two values is better. ``best_value`` was seen at
    ``best_iter``; at ``lowered_iter`` a plateau last lowered the rate.
    """

    def __init__(self, is_maximized: bool = False) -> None:
        self.is_maximized = is_maximized
        self.best_value: float | None = None
        self.best_iter = self.lowered_iter = 0

    def see(self, value: float, iteration: int) -> bool:
        """Take a value in; say whether it is the best one so far."""
        best = self.best_value
        if best is None:
            is_better = value == value  # a NaN equals nothing
        else:
            is_better = value > best if self.is_maximized else value < best
        if is_better:
            self.best_value, self.best_iter = value, iteration
        return is_better

    def standstill(self, iteration: int) -> int:
        """Return the iterations since the value got better or the rate was lowered."""
        return iteration - max(self.best_iter, self.lowered_iter)


def watch_of(param: SolverParameter, test_nets: list[Net]) -> Watch:
    """Return the watch that ``monitor`` and ``monitor_mode`` describe.

    Raises:
        ConfigError: ``monitor`` is no single number of the first test net's outputs, or the
            mode is unknown.
    """
    name, mode = param.monitor, param.monitor_mode
    if mode and mode not in _MODES:
        raise ConfigError(f"no monitor_mode {mode!r}; it is min or max")
    if not name:
        return Watch(is_maximized=mode == "max")
    if not test_nets or not param.test_interval:
        raise ConfigError(f"monitor {name!r} is of a test net, and no test is set")
    net = test_nets[0]
    if name not in net.outputs:
        raise ConfigError(f"the test net has no output {name!r}{did_you_mean(name, net.outputs)}")
    if net.blobs[name].count != 1:
        raise ConfigError(
            f"monitor {name!r} has {net.blobs[name].count} numbers; choose an output of one"
        )
    is_loss = name in net.loss_weights
    return Watch(is_maximized=mode == "max" if mode else not is_loss)

"""Fields of a solver that cannot be, found before anything is built."""

from netdef.errors import ConfigError
from netdef.proto import SolverParameter
from netdef.solvers.epochs import check_epochs
from netdef.solvers.nets import check_nets
from netdef.solvers.update import checked_rule

ON_NAN = ("stop", "continue", "rollback")
_LEAST = {"iter_size": 1, "average_loss": 1, "keep_snapshots": 0, "patience": 0}


def check_solver(param: SolverParameter) -> None:
    """See whether the fields fit together; nothing is read.

    Raises:
        ConfigError: they do not; with the mend.
    """
    check_nets(param)
    check_epochs(param)
    for field, least in _LEAST.items():
        if getattr(param, field) < least:
            raise ConfigError(f"{field} must be at least {least}, got {getattr(param, field)}")
    checked_rule(param)
    if not 0 <= param.ema_decay < 1:
        raise ConfigError(f"ema_decay must be from 0 to below 1, got {param.ema_decay:g}")
    if param.HasField("loss_scale") and not 0 < param.loss_scale < float("inf"):
        raise ConfigError(f"loss_scale must be above 0, got {param.loss_scale:g}")
    if param.on_nan not in ON_NAN:
        raise ConfigError(f"no on_nan {param.on_nan!r}; it is {', '.join(ON_NAN)}")
    if param.snapshot_best and not param.monitor:
        raise ConfigError("snapshot_best needs monitor, the output that says what is best")

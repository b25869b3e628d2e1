"""Epochs, passes over the data that a net is trained on, as iterations."""

from contextlib import closing

from netdef.errors import ConfigError, at
from netdef.graph import build
from netdef.proto import SolverParameter
from netdef.solvers.nets import train_net
from netdef.sources import Sources


def check_epochs(param: SolverParameter) -> None:
    """See whether the fields that say when training ends fit together.

    Raises:
        ConfigError: there are two of them, or fewer than one epoch.
    """
    if not param.HasField("max_epoch"):
        return
    if param.HasField("max_iter"):
        raise ConfigError("max_iter and max_epoch are both set; keep one")
    if param.max_epoch < 1:
        raise ConfigError(f"max_epoch must be at least 1, got {param.max_epoch}")


def count_iterations(param: SolverParameter, sources: Sources, replicas: int) -> None:
    """Put ``max_iter`` in the place of ``max_epoch``, if that is set.

    max_iter = ceil(max_epoch * records / (replicas * batch * iter_size)), so every record is
    seen ``max_epoch`` times, and the first ones once more where the last iteration reaches over.

    Raises:
        ConfigError: the records cannot be counted.
    """
    if param.HasField("max_epoch"):
        records, batch = sources.size()
        param.max_iter = -(-param.max_epoch * records // (replicas * batch * param.iter_size))
        param.ClearField("max_epoch")


def in_iterations(param: SolverParameter, path: str, replicas: int = 1) -> SolverParameter:
    """Return a solver with ``max_iter`` in the place of ``max_epoch``; ``path`` is its file.

    ``replicas``: how many nets take a batch in each pass.

    Raises:
        ConfigError: there is no such net, or its records cannot be counted.
    """
    own = SolverParameter()
    own.CopyFrom(param)
    if own.HasField("max_epoch"):
        choice = train_net(own, path)
        state = choice.state
        sources = Sources(build(choice.text, state.phase, state.level, state.stage), seed=0)
        with at(path), closing(sources):
            count_iterations(own, sources, replicas)
    return own


def records_of(sources: Sources) -> int:
    """Return the records of an epoch; 0 where nobody knows."""
    try:
        return sources.size().records
    except ConfigError:
        return 0

"""The nets that a solver's prototxt names: one to train, any number to test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from netdef.errors import ConfigError, MissingFile
from netdef.proto import TEST, TRAIN, NetParameter, NetState, Phase, SolverParameter
from netdef.prototxt import NetText, net_text, read_net
from netdef.zoo_names import found_file

_TRAIN_FIELDS = ("net", "net_param", "train_net", "train_net_param")


@dataclass(frozen=True)
class NetChoice:
    """A net's text and the state it is built for."""

    text: NetText
    state: NetState


def check_nets(param: SolverParameter) -> None:
    """See whether the fields that name nets fit together; nothing is read.

    Raises:
        ConfigError: no training net or two, or tests that do not fit their nets.
    """
    given = _train_fields(param)
    if not given:
        raise ConfigError(f"names no net to train; set one of {', '.join(_TRAIN_FIELDS)}")
    if len(given) > 1:
        raise ConfigError(f"names two nets to train ({' and '.join(given)}); keep one")
    _check_tests(param)


def _train_fields(param: SolverParameter) -> list[str]:
    return [field.name for field, _ in param.ListFields() if field.name in _TRAIN_FIELDS]


def _tests(param: SolverParameter) -> int:
    """Return how many nets are tested."""
    if not param.test_whole_set:
        return len(param.test_iter)
    return max(len(param.test_net) + len(param.test_net_param), len(param.test_state), 1)


def _check_tests(param: SolverParameter) -> None:
    if param.test_whole_set and param.test_iter:
        raise ConfigError("test_whole_set tests every record; leave out test_iter")
    named, runs = len(param.test_net) + len(param.test_net_param), _tests(param)
    takes_more = param.HasField("net") or param.HasField("net_param")
    if param.test_whole_set and runs > named and not takes_more:
        raise ConfigError("has test_whole_set, but names no net to test; set test_net")
    if runs < named or (runs > named and not takes_more):
        raise ConfigError(f"has {named} test nets and {runs} test_iter; give each net one")
    if param.test_state and len(param.test_state) != runs:
        raise ConfigError(
            f"has {len(param.test_state)} test_state and {runs} test nets;"
            " give each net one, or none at all"
        )
    if runs and param.test_interval < 1:
        field = "test_whole_set" if param.test_whole_set else "test_iter"
        raise ConfigError(f"has {field}, but no test_interval; set it to 1 or more")
    for count in param.test_iter:
        if count < 1:
            raise ConfigError(f"test_iter must be at least 1, got {count}")


def train_net(param: SolverParameter, path: str) -> NetChoice:
    """Read the net to train. ``path`` is the solver's file.

    Raises:
        ConfigError: the net's file is not there or is no net.
    """
    (field,) = _train_fields(param)
    given = getattr(param, field)
    text = find_net(given, path) if isinstance(given, str) else net_text(given, path)
    return NetChoice(text, _state(TRAIN, text, [param.train_state]))


def test_nets(param: SolverParameter, path: str) -> Iterator[NetChoice]:
    """Read the nets to test: test_net_param, then test_net, then the net that is trained.

    Raises:
        ConfigError: a net's file is not there or is no net.
    """
    texts = [net_text(inline, path) for inline in param.test_net_param]
    texts += [find_net(name, path) for name in param.test_net]
    for i in range(_tests(param)):
        text = texts[i] if i < len(texts) else train_net(param, path).text
        yield NetChoice(text, _state(TEST, text, param.test_state[i : i + 1]))


def _state(phase: Phase.ValueType, text: NetText, own: Sequence[NetState]) -> NetState:
    state = NetState(phase=phase)
    for more in (NetParameter(state=text.net.state).state, *own):
        state.MergeFrom(more)
    return state


def find_net(name: str, path: str) -> NetText:
    """Read a net from the current folder or, as second choice, from that of the solver's file.

    ``zoo:lenet/train_val`` is one of the zoo.

    Raises:
        MissingFile: it is in neither.
        ConfigError: it is no net.
    """
    name = str(found_file(name, "model"))
    beside = Path(path).parent / name
    if Path(name).exists():
        return read_net(name)
    if beside.exists():
        return read_net(beside)
    raise MissingFile(
        f"{path}: net {name!r} is neither in the current folder nor in {beside.parent}"
    )

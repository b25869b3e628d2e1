"""The net that a file means: its own, or the one that a solver in it names."""

from netdef.errors import ConfigError, TextError, at
from netdef.proto import TEST, NetParameter, NetState, Phase, SolverParameter
from netdef.prototxt import NetText, read_net, read_solver
from netdef.solvers.nets import NetChoice, check_nets, test_nets, train_net
from netdef.zoo_names import found_file


def net_of_file(path: str, phase: Phase.ValueType, own: NetState) -> NetChoice:
    """Read the prototxt of a net, or that of a solver and the net it names for a phase.

    The solver's first test net is that of the phase TEST, if it has one. What ``own`` sets
    of level and stages goes before what the files say.

    Raises:
        MissingFile: a file is not there.
        ConfigError: it is the text of neither, or the solver names no net.
    """
    text = _net_or_solver(path)
    if isinstance(text, NetText):
        choice = NetChoice(text, NetParameter(state=text.net.state).state)
    else:
        with at(path):
            check_nets(text)
        tests = list(test_nets(text, path)) if phase == TEST else []
        choice = tests[0] if tests else train_net(text, path)
    choice.state.MergeFrom(own)
    choice.state.phase = phase
    return choice


def _net_or_solver(path: str) -> NetText | SolverParameter:
    try:
        return read_net(path)
    except TextError as error:
        try:
            return read_solver(found_file(path, "model"))
        except TextError as other:
            is_solver = "this is a solver" in str(error)
            raise (other if is_solver else error) from None


def one_text(choices: list[NetChoice]) -> NetText:
    """Return the text that all of these are states of.

    Raises:
        ConfigError: they are of different files.
    """
    texts = [choice.text for choice in choices]
    if any(text.path != texts[0].path for text in texts):
        raise ConfigError(
            f"the solver trains {texts[0].path} and tests {texts[-1].path};"
            " choose --phase TRAIN or TEST"
        )
    return texts[0]

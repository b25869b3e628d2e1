"""The net of a solver with other learning rates for this run."""

from collections.abc import Mapping

from netdef.graph import build
from netdef.infer import infer
from netdef.layer_rates import multiply_rates
from netdef.proto import SolverParameter
from netdef.solvers.configuration import inlined
from netdef.solvers.nets import train_net


def with_rates(param: SolverParameter, path: str, factors: Mapping[str, float]) -> SolverParameter:
    """Return a solver, its net inside, with the ``lr_mult`` of layers multiplied.

    ``factors`` are by patterns such as ``fire[2-5]*``; 0 freezes. ``path`` is the solver's file.

    Raises:
        ConfigError: a pattern names no layer with weights.
    """
    inline = inlined(param, path)
    choice = train_net(inline, path)
    graph = build(choice.text, choice.state.phase, choice.state.level, choice.state.stage)
    net = inline.net_param if inline.HasField("net_param") else inline.train_net_param
    multiply_rates(net, infer(graph).params, factors)
    return inline

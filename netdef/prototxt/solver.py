"""A solver's prototxt, read and brought into today's form."""

from pathlib import Path

from netdef.errors import TextError
from netdef.proto import NetParameter, SolverParameter
from netdef.prototxt.net import net_text
from netdef.prototxt.parser import fill
from netdef.prototxt.source import Source, read_source

_RULES = {
    SolverParameter.SGD: "SGD",
    SolverParameter.NESTEROV: "Nesterov",
    SolverParameter.ADAGRAD: "AdaGrad",
    SolverParameter.RMSPROP: "RMSProp",
    SolverParameter.ADADELTA: "AdaDelta",
    SolverParameter.ADAM: "Adam",
}


def read_solver(path: Path | str) -> SolverParameter:
    """Read a solver from a prototxt; the paths inside stay as they are written.

    Raises:
        MissingFile: the file cannot be read.
        TextError: it is not the text of a solver.
    """
    return _parse(read_source(path))


def parse_solver(text: str, path: str) -> SolverParameter:
    """Parse a solver as ``read_solver`` does; ``path`` is what errors call the text."""
    return _parse(Source(text, path))


def _parse(source: Source) -> SolverParameter:
    solver = SolverParameter()
    lines = dict(fill(solver, source, {"net": NetParameter.DESCRIPTOR}))
    if solver.HasField("solver_type"):
        _name_the_rule(solver, f"{source.path}:{lines['solver_type']}")
    for name in ("net_param", "train_net_param"):
        if solver.HasField(name):
            _upgrade_inline(getattr(solver, name), f"{source.path}:{lines[name]}")
    for net in solver.test_net_param:
        _upgrade_inline(net, f"{source.path}:{lines['test_net_param']}")
    return solver


def _name_the_rule(solver: SolverParameter, place: str) -> None:
    rule = _RULES[solver.solver_type]
    if solver.HasField("type") and solver.type != rule:
        raise TextError(
            f"{place}: solver_type {SolverParameter.SolverType.Name(solver.solver_type)} "
            f"(the old form) and type {solver.type!r} disagree; remove solver_type"
        )
    solver.type = rule
    solver.ClearField("solver_type")


def _upgrade_inline(net: NetParameter, place: str) -> None:
    net.CopyFrom(net_text(net, place).net)

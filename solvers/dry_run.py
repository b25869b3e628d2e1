"""What a run would do, found without doing it."""

from dataclasses import dataclass

from netdef import mode
from netdef.engines import engines_of, settings
from netdef.errors import at
from netdef.fusion import PASSES
from netdef.graph import build
from netdef.infer import infer
from netdef.plan import Plan, compile_program
from netdef.precision import checked_precision
from netdef.proto import SolverParameter
from netdef.record import record
from netdef.solvers.checks import check_solver
from netdef.solvers.computing import Computing, computing
from netdef.solvers.epochs import in_iterations
from netdef.solvers.nets import NetChoice, test_nets, train_net
from netdef.solvers.schedule import Schedule
from netdef.solvers.split_batch import split_batch
from netdef.solvers.update import checked_rule


@dataclass(frozen=True)
class Planned:
    """The solver as it would run, all nets, and the bytes that the rule remembers."""

    param: SolverParameter
    train: Plan
    tests: tuple[Plan, ...]
    history_bytes: int


def plan_run(param: SolverParameter, path: str, splits_batch: bool = False) -> Planned:
    """Plan the nets of a solver; of the data only first records are read, for shapes.

    Raises:
        ConfigError: something in the prototxts cannot be; where, and how to mend it.
    """
    with at(path):
        check_solver(param)
        Schedule(param)
        rule = checked_rule(param)
    shares = len(mode.devices())
    trained = split_batch(train_net(param, path), shares if splits_batch else 1)
    train, *tests = (_plan(c, computing(param)) for c in (trained, *test_nets(param, path)))
    param = in_iterations(param, path, 1 if splits_batch else shares)
    return Planned(param, train, tuple(tests), len(rule.histories) * train.weight_bytes)


def _plan(choice: NetChoice, how: Computing) -> Plan:
    state, is_gpu = choice.state, mode.device().is_gpu
    asked = how["precision"] or settings.chosen.precision
    precision = checked_precision(asked, "outputs", is_gpu)
    engines = engines_of(is_gpu, precision, how["tf32"], how["autotune"])
    passes = tuple(PASSES) if settings.chosen.fuses else ()
    graph = build(choice.text, state.phase, state.level, state.stage)
    program = record(graph, infer(graph), backward=graph.training)
    return compile_program(program, engines, passes=passes, precision=precision)

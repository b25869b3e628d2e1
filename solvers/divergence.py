"""A loss that is no number: the layer it comes from, and what a run does then."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from netdef import mode
from netdef.device import Device
from netdef.errors import Diverged
from netdef.graph import Node
from netdef.io.solverstate import read_state
from netdef.net import Net
from netdef.solvers import snapshotting
from netdef.solvers.nets import NetChoice
from netdef.solvers.resuming import Positions, positions_of, set_positions

if TYPE_CHECKING:
    from netdef.solvers.solver import Solver

_MOST_ROLLBACKS = 3
"""To one snapshot; a run that diverges again and again needs another rate."""


@dataclass(frozen=True)
class Stand:
    """Where a net's data and random numbers stand."""

    positions: Positions
    passes: int


def stand_of(net: Net) -> Stand:
    """Take down where a net stands before a pass."""
    return Stand(positions_of(net), net.clock.iteration)


def where_it_began(net: Net, choice: NetChoice, before: Stand) -> str:
    """Run a pass again, layer by layer in a twin; name the first that has no numbers.

    The net stays as it is, the averages that its layers keep included.
    """
    state = choice.state
    twin = Net(choice.text, phase=state.phase, level=state.level, stages=state.stage)
    for key, array in net.weight_arrays.items():
        twin.weight_arrays[key][...] = array
    for name in net.inputs:
        twin.blobs[name].data[...] = net.blobs[name].data
    twin.clock.seed, twin.clock.share = net.clock.seed, net.clock.share
    twin.sources = net.sources
    now = positions_of(net)
    set_positions(net, before.positions)
    try:
        return _first_broken(twin, before.passes)
    finally:
        set_positions(net, now)


@np.errstate(all="ignore")
def _first_broken(twin: Net, passes: int) -> str:
    for node in twin.graph.nodes:
        twin.clock.iteration = passes
        twin.forward(start=node.name, end=node.name)
        what = _broken_part(twin, node)
        if what:
            return f"first in {what} of layer {node.name!r} ({node.type})"
    return "but not in a second pass"


def _broken_part(net: Net, node: Node) -> str:
    for param in net.shapes.params.get(node.name, ()):
        if not _are_numbers(net.device, net.weight_arrays[param.owner]):
            return "the weights"
    executor = net.executor
    for top in node.tops:
        value = executor.plan.program.blobs[top]
        if value in executor.plan.slots and not _are_numbers(net.device, executor.array(value)):
            return f"the top {top.partition('@')[0]!r}"
    return ""


def _are_numbers(device: Device, array: Any) -> bool:
    return bool(device.xp.isfinite(array).all())


def diverge(solver: "Solver", choice: NetChoice, net: Net, before: Stand) -> None:
    """Do what ``on_nan`` says after a pass of a net whose loss is no number.

    Raises:
        Diverged: the run must end.
    """
    with mode.on(net.device):
        where = where_it_began(net, choice, before)
    on_nan, snapshot = solver.param.on_nan, solver.last_snapshot
    what = f"{solver.path}: the loss is no longer a number at iteration {solver.iter}, {where}"
    if on_nan == "continue" and _are_numbers(solver.net.device, solver.net.weights.data):
        solver.iter += 1
        solver.reporter.warned(f"{what}; goes on with the next batch")
    elif on_nan == "rollback" and snapshot and solver.rollbacks < _MOST_ROLLBACKS:
        solver.rollbacks += 1
        solver.reporter.warned(f"{what}; goes back to {snapshot}")
        snapshotting.restore_weights(solver, snapshot, read_state(snapshot))
        solver.replicas.follow()
    else:
        last = f"the last snapshot is {snapshot}" if snapshot else "there is no snapshot yet"
        raise Diverged(
            f"{what}; lower base_lr ({solver.param.base_lr:g}) or set clip_gradients; {last}"
        )

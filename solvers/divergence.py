"""Finding the layer that a loss comes from which is no number."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from netdef.device import Device
from netdef.graph import Node
from netdef.net import Net
from netdef.solvers.nets import NetChoice
from netdef.solvers.resuming import Positions, positions_of, set_positions


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
    twin.clock.seed, twin.sources = net.clock.seed, net.sources
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


def weights_are_numbers(net: Net) -> bool:
    """Say whether all weights are finite."""
    return _are_numbers(net.device, net.weights.data)

"""Where a run stands, apart from its weights and histories: taken down, and gone on from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from netdef.data.source import State
from netdef.net import Net
from netdef.proto import DataPosition, LayerState, ResumeState
from netdef.solvers.watch import Watch

Positions = Mapping[str, State]


def positions_of(net: Net) -> Positions:
    """Return where each data layer of a net stands."""
    return {layer: source.state() for layer, source in net.sources.items()}


def set_positions(net: Net, positions: Positions) -> None:
    """Go on from positions that ``positions_of`` returned; of other layers' nothing changes."""
    for layer, position in positions.items():
        if layer in net.sources:
            net.sources[layer].restore(position)


def _position(net: int, layer: str, state: State) -> DataPosition:
    numbers = {name: value for name, value in state.items() if isinstance(value, int)}
    record = state.get("record")
    return DataPosition(
        net=net,
        layer=layer,
        key=list(numbers),
        value=list(numbers.values()),
        record=record if isinstance(record, bytes) else None,
    )


def _state_of(position: DataPosition) -> State:
    numbers = dict(zip(position.key, position.value, strict=True))
    return {**numbers, "record": position.record} if position.record else numbers


def _lasting(net: Net) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, array and first value of what the layers of a net keep from pass to pass."""
    executor = net.executor
    for value in sorted(executor.plan.slots, key=lambda v: v.name):
        if value.first is not None:
            yield value.name, executor.array(value), value.first


def _states(number: int, net: Net) -> Iterator[LayerState]:
    with net.device.made_current():
        kept = [(name, net.device.to_host(a), first) for name, a, first in _lasting(net)]
    for name, held, first in kept:
        if (held != first).any():
            yield LayerState(net=number, name=name, data=held.tobytes())


def _set_states(net: Net, states: Mapping[str, bytes]) -> None:
    for name, array, first in _lasting(net):
        array[...] = net.device.xp.asarray(first)
        if len(states.get(name, b"")) == array.nbytes:
            held = np.frombuffer(states[name], array.dtype).reshape(array.shape)
            array[...] = net.device.xp.asarray(held)


def resume_state(
    nets: Sequence[Net], copies: Sequence[Net], losses: Iterable[float], watch: Watch
) -> ResumeState:
    """Return what makes a run go on exactly.

    ``nets`` are the trained one and the tested ones; ``copies`` learn with the first, on other
    GPUs: of them only the layers' states are their own.
    """
    return ResumeState(
        seed=nets[0].clock.seed,
        passes=[net.clock.iteration for net in nets],
        positions=[
            _position(number, layer, state)
            for number, net in enumerate(nets)
            for layer, state in positions_of(net).items()
        ],
        losses=losses,
        states=[s for number, net in enumerate([*nets, *copies]) for s in _states(number, net)],
        best_value=watch.best_value,
        best_iter=watch.best_iter,
        lowered_iter=watch.lowered_iter,
        kernels=nets[0].plan.kernels or None,
    )


def go_on(nets: Sequence[Net], copies: Sequence[Net], resume: ResumeState, watch: Watch) -> None:
    """Bring data, random numbers, layers' states and the watch to where they were."""
    watch.best_value = resume.best_value if resume.HasField("best_value") else None
    watch.best_iter, watch.lowered_iter = resume.best_iter, resume.lowered_iter
    for net in (*nets, *copies):
        net.sources.reseed(resume.seed)
    for number, (net, passes) in enumerate(zip(nets, resume.passes, strict=False)):
        net.clock.seed, net.clock.iteration = resume.seed, passes
        own = [p for p in resume.positions if p.net == number]
        set_positions(net, {p.layer: _state_of(p) for p in own})
    for number, net in enumerate([*nets, *copies]):
        with net.device.made_current():
            _set_states(net, {s.name: s.data for s in resume.states if s.net == number})

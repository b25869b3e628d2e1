"""The only part with state: a plan's arrays, and its calls made ready to run."""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal, Protocol

import numpy as np

from netdef import capture
from netdef.capture import Passes, Step
from netdef.data.source import Source
from netdef.device import Device
from netdef.engines import Checks, Clock, Engine, Run, Scratch, aligned
from netdef.errors import at
from netdef.feeding import feed
from netdef.gpu_errors import gpu_errors_in_words, is_of_gpu
from netdef.host_calls import host, produce
from netdef.memory import lives
from netdef.out_of_memory import is_out_of_memory, ran_out_of_memory
from netdef.plan import Plan, steps
from netdef.program import Call
from netdef.reading import Reader
from netdef.resized import Resized
from netdef.values import Value, arrays_of

Way = Literal["forward", "backward"]


class Observer(Protocol):
    """Is told of each layer that has calls, before and after they run."""

    def before(self, way: Way, node: int) -> None:
        """The calls of layer ``node`` are about to run."""

    def after(self, way: Way, node: int) -> None:
        """They have run."""


class Executor:
    """Runs a plan. No arrays are made after it is made, but by data sources.

    On a GPU passes are captured as CUDA graphs, see ``capture``; not while an observer looks on.

    ``weights`` and ``grads`` give the arrays of weight blobs by their keys; ``sources``
    the open source of each data layer by its name. ``weights_version`` gives another number
    when weights have changed, or None if that is not known. An ``observer``, if one is set,
    looks on. ``checks`` holds what a GPU found wrong with the data.
    """

    observer: Observer | None = None

    def __init__(
        self,
        plan: Plan,
        device: Device,
        weights: Mapping[str, Any],
        grads: Mapping[str, Any],
        sources: Mapping[str, Source],
        clock: Clock,
        weights_version: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._weights_version = weights_version
        self.plan, self.device, self.sources = plan, device, sources
        self._weights, self._grads = weights, grads
        self._arena = aligned(device.xp, plan.arena_bytes)
        self._arrays: dict[Value, Any] = {}
        scratch = Scratch(device.xp, aligned(device.xp, plan.scratch_bytes))
        self._engines: dict[type[Engine], Engine] = {}
        self._scratch, self._clock = scratch, clock
        self.scale_losses(1.0)
        for value in plan.slots:
            if value.first is not None:
                self.array(value)[...] = device.xp.asarray(value.first)
        self._make_ready()

    def _make_ready(self) -> None:
        """Prepare all calls, for this process: a forked child lacks its parent's threads."""
        plan, self._process = self.plan, os.getpid()
        self._engines.clear()
        self.checks = Checks(self.device.xp)
        self._readers: dict[tuple[Value, ...], Reader] = {}
        ready = [self._prepare(call, choice.engine) for call, choice in steps(plan)]
        count = len(plan.forward)
        steps_forward = list(zip(plan.forward, ready[:count], strict=True))
        self._settled, self._forward = steps_forward[: plan.settled], steps_forward[plan.settled :]
        self._settled_for: int | None = None
        self._backward = list(zip(plan.backward, ready[count:], strict=True))
        is_captured = self.device.is_gpu and capture.is_wanted()
        self._passes = Passes(self.device, self._in_turn, self._name) if is_captured else None

    def _name(self, call: Call) -> str:
        return str(self.plan.program.graph.nodes[call.node])

    def array(self, value: Value) -> Any:
        """Return the array of a value."""
        if value.kind == "weight":
            return self._weights[value.name]
        if value.kind == "grad":
            return self._grads[value.name]
        if value not in self._arrays:
            slot = self.plan.slots[value]
            flat = self._arena[slot.offset : slot.offset + value.bytes].view(value.dtype)
            lying = flat.reshape([value.shape[axis] for axis in slot.order])
            self._arrays[value] = lying.transpose(np.argsort(slot.order).tolist())
        return self._arrays[value]

    def reading(self, *values: Value) -> Callable[[], Sequence[Any]]:
        """Begin to bring arrays to the host; return what waits for them: see ``Reader``."""
        if values not in self._readers:
            arrays = [self.array(value) for value in values]
            self._readers[values] = Reader(self.device, arrays, self.checks)
        return self._readers[values].begin()

    def scale_losses(self, factor: float) -> None:
        """Let backward begin with ``factor`` times the weights of the losses, from now on."""
        program = self.plan.program
        for name, weight in program.seeds.items():
            if weight and program.diffs[name] in self.plan.slots:
                self.array(program.diffs[name]).fill(weight * factor)

    def forward(self, first: int = 0, last: int | None = None) -> None:
        """Run the forward calls of layers ``first`` to ``last`` (all, by default)."""
        self._follow_fork()
        self._settle()
        for engine in self._engines.values():
            engine.begin_pass()
        self._run("forward", first, last)

    def _follow_fork(self) -> None:
        if os.getpid() != self._process:
            self._make_ready()

    def _settle(self) -> None:
        """Run what depends on the weights alone, unless they are as they were the last time."""
        version = self._weights_version()
        if version is None or version != self._settled_for:
            self._in_turn(self._settled)
            for engine in self._engines.values():
                engine.settle()
            self._settled_for = version

    def backward(self, first: int | None = None, last: int = 0) -> None:
        """Run the backward calls from layer ``first`` down to ``last`` (all, by default)."""
        self._follow_fork()
        self._run("backward", last, first)

    def _run(self, way: Way, low: int, high: int | None) -> None:
        if self.observer is not None:
            self._observed(self.observer, way, self._steps(way, low, high))
        elif self._passes is None:
            self._in_turn(self._steps(way, low, high))
        else:
            self._passes.run((way, low, high), lambda: self._steps(way, low, high))

    def _steps(self, way: Way, low: int, high: int | None) -> Sequence[Step]:
        """Return the calls of layers ``low`` to ``high`` (all above, if None) of a pass."""
        steps = self._forward if way == "forward" else self._backward
        if low == 0 and high is None:
            return steps
        top = len(self.plan.program.graph.nodes) if high is None else high
        return [step for step in steps if low <= step[0].node <= top]

    def _in_turn(self, steps: Sequence[Step]) -> None:
        """Run calls one after the other; errors name the layer."""
        at_call = 0
        try:
            for at_call, (_, run) in enumerate(steps):  # noqa: B007 (errors name it)
                run()
        except Resized:
            raise
        except Exception as error:
            where = self._name(steps[at_call][0])
            if is_of_gpu(self.device, error):
                with gpu_errors_in_words(self.device, where):
                    raise
            with at(where):
                if is_out_of_memory(error):
                    raise ran_out_of_memory(self.device) from error
                raise

    def _observed(self, observer: Observer, way: Way, steps: Sequence[Step]) -> None:
        """Run calls one after the other, and tell the observer when a layer's begin and end."""
        for node, own in groupby(steps, lambda step: step[0].node):
            observer.before(way, node)
            self._in_turn(list(own))
            observer.after(way, node)

    def _prepare(self, call: Call, engine: Engine) -> Run:
        arrays = arrays_of({**call.reads, **call.writes}, self.array)
        if call.primitive == "feed":
            return self._feed(call, arrays["out"])
        if call.primitive == "host":
            return host(call, arrays, self.device)
        if call.primitive == "produce":
            return produce(call, arrays, self.device)
        kind = type(engine)
        if kind not in self._engines:
            self._engines[kind] = engine.running_on(self.device.xp, self._scratch, self._clock)
            self._engines[kind].weights_stay = not self.plan.backward
            self._engines[kind].checks = self.checks
        self.checks.where = self._name(call)
        return self._engines[kind].prepare(call.primitive, arrays, call.options)

    def _feed(self, call: Call, tops: tuple[Any, ...]) -> Run:
        name = self.plan.program.graph.nodes[call.node].name
        return feed(call, tops, lambda: self.sources[name], self.device)

    @property
    def lasting(self) -> dict[str, Any]:
        """The arrays that keep what they hold from pass to pass, by ``layer.name``."""
        return {v.name: self.array(v) for v in self.plan.slots if v.first is not None}

    def go_on_from(self, lasting: Mapping[str, Any]) -> None:
        """Take over what lasts from another executor; what has another shape begins anew."""
        for name, mine in self.lasting.items():
            if name in lasting and lasting[name].shape == mine.shape:
                mine[...] = lasting[name]

    def adopt(self, other: "Executor", node: int) -> None:
        """Take over from an executor of other shapes what is alive after layer ``node``."""
        calls = [call for call, _ in steps(other.plan)]
        done = sum(call.node <= node for call in other.plan.forward)
        mine = {(v.kind, v.name): v for v in self.plan.slots}
        for value, life in lives(calls, other.plan.kept).items():
            new = mine.get((value.kind, value.name))
            if new and new.shape == value.shape and life.first < done <= life.last:
                self.array(new)[...] = other.array(value)

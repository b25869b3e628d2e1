"""One GPU: plans for it, and what runs them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from netdef.engines.cudnn.library import Target, load
from netdef.engines.cudnn.operation_graph import OperationGraph
from netdef.engines.cudnn.plan import Plan
from netdef.engines.cudnn.plan_store import PlanStore
from netdef.engines.cudnn.planner import Planner
from netdef.engines.engine import Run
from netdef.errors import RunError

_ALIGNMENT = 16
"""Bytes, which the frontend assumes where it is told nothing."""
_RUNS, _TIMES = 10, 4
"""How often a plan runs in a row, and how often that is timed; the first time warms up."""


class GpuDevice:
    """A GPU of this machine, by its number."""

    def __init__(self, number: int) -> None:
        self.number = number
        target = Target.of_gpu(number)
        self._planner = Planner(target, PlanStore.of(target.folder), self.time)
        self._handle: Any = None

    def plan(self, graph: OperationGraph, is_tuned: bool = False) -> Plan:
        """Return the plan of a graph: the heuristics' choice, or the fastest one.

        Raises:
            Refused: cuDNN has none.
        """
        return self._planner.plan(graph, is_tuned)

    def time(self, graph: OperationGraph, plan: Plan) -> float:
        """Return the milliseconds that a plan takes on arrays of zeros: the least of some runs.

        Raises:
            MemoryError: the GPU has no room for the arrays beside what is there.
        """
        import cupy

        try:
            return self._timed(graph, plan)
        finally:
            cupy.get_default_memory_pool().free_all_blocks()

    def _timed(self, graph: OperationGraph, plan: Plan) -> float:
        import cupy

        operands = [o for o in (*graph.inputs, *graph.outputs) if o.value is None]
        arrays = {o.name: cupy.zeros(o.bytes, "uint8") for o in operands}
        workspace = cupy.empty(plan.workspace, "uint8") if plan.workspace else None
        run, times = self.bind(graph, plan, arrays, workspace), []
        for _ in range(_TIMES):
            start, stop = cupy.cuda.Event(), cupy.cuda.Event()
            start.record()
            for _ in range(_RUNS):
                run()
            stop.record()
            stop.synchronize()
            times.append(cupy.cuda.get_elapsed_time(start, stop) / _RUNS)
        return float(min(times[1:]))

    def is_aligned(self, array: Any) -> bool:
        """Tell whether an array begins where cuDNN takes arrays to begin."""
        return bool(array.data.ptr % _ALIGNMENT == 0)

    def bind(
        self, graph: OperationGraph, plan: Plan, arrays: Mapping[str, Any], workspace: Any
    ) -> Run:
        """Return what runs a plan on these arrays, on the stream that is current then."""
        import cupy

        cudnn, handle = load(), self.handle
        loaded = cudnn.pygraph(handle=handle)
        loaded.deserialize(handle, list(plan.content))
        scalars = [np.array(o.value, np.float32) for o in graph.inputs if o.value is not None]
        places = {graph.number_of(name): int(a.data.ptr) for name, a in arrays.items()}
        named = [o.name for o in graph.inputs if o.value is not None]
        places |= {graph.number_of(n): s.ctypes.data for n, s in zip(named, scalars, strict=True)}
        room = 0 if workspace is None else workspace.data.ptr
        current, use, execute = cupy.cuda.get_current_stream, cudnn.set_stream, loaded.execute
        alive = (arrays, scalars, workspace)  # cuDNN knows their addresses alone

        def run(_: Any = alive) -> None:
            try:
                use(handle=handle, stream=current().ptr)
                execute(places, room, handle=handle)
            except RuntimeError as error:
                if current().is_capturing():
                    raise  # who captures a graph goes on without
                raise RunError(
                    f"cuDNN failed at {graph} by {plan.name} ({error}); --engine cupy does without"
                ) from error

        return run

    @property
    def handle(self) -> Any:
        """The handle of cuDNN on this GPU, made when first asked for."""
        import cupy

        if self._handle is None:
            with cupy.cuda.Device(self.number):
                self._handle = load().create_handle()
        return self._handle


@cache
def gpu(number: int) -> GpuDevice:
    """Return a GPU, the same object every time."""
    return GpuDevice(number)

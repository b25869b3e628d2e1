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

_ALIGNMENT = 16
"""Bytes, which the frontend assumes where it is told nothing."""


class GpuDevice:
    """A GPU of this machine, by its number."""

    def __init__(self, number: int) -> None:
        self.number = number
        target = Target.of_gpu(number)
        self._planner = Planner(target, PlanStore.of(target.folder))
        self._handle: Any = None

    def plan(self, graph: OperationGraph) -> Plan:
        """Return the plan of a graph.

        Raises:
            Refused: cuDNN has none.
        """
        return self._planner.plan(graph)

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
            use(handle=handle, stream=current().ptr)
            execute(places, room, handle=handle)

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

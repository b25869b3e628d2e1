"""Plans of one GPU: made once, then remembered, in this process and on disk."""

from collections.abc import Callable
from itertools import islice

from netdef.engines import settings
from netdef.engines.cudnn.library import Target
from netdef.engines.cudnn.operation_graph import OperationGraph
from netdef.engines.cudnn.plan import Plan, build, candidates
from netdef.engines.cudnn.plan_store import PlanStore
from netdef.engines.cudnn.tuning import MOST_PLANS, fastest
from netdef.engines.engine import Refused


class Planner:
    """Finds the plan of a graph, or why there is none.

    ``time`` runs a plan of a graph on the GPU and gives the milliseconds it takes; plans are
    tuned by it.
    """

    def __init__(
        self,
        target: Target,
        store: PlanStore | None,
        time: Callable[[OperationGraph, Plan], float] | None = None,
    ) -> None:
        self.target, self._store, self._time = target, store, time
        self._known: dict[tuple[OperationGraph, bool], Plan | str] = {}

    def plan(self, graph: OperationGraph, is_tuned: bool = False) -> Plan:
        """Return the plan of a graph: the one used before, from disk, or a new one.

        Raises:
            Refused: cuDNN has none.
        """
        key = graph, is_tuned
        if key not in self._known:
            self._known[key] = self._found(graph, is_tuned)
        known = self._known[key]
        if isinstance(known, str):
            raise Refused(known)
        return known

    def _found(self, graph: OperationGraph, is_tuned: bool) -> Plan | str:
        plan = None if self._store is None else self._store.find(graph, is_tuned)
        if plan is not None:
            return plan
        try:
            plan = self._tuned(graph) if is_tuned else build(graph, self.target)
        except Refused as refusal:
            return str(refusal)
        if plan is None:
            return self.plan(graph)
        if self._store is not None:
            self._store.keep(graph, plan, is_tuned)
        return plan

    def _tuned(self, graph: OperationGraph) -> Plan | None:
        time = self._time
        assert time is not None, "plans are tuned where there is a GPU"
        settings.chosen.tell(f"timing cuDNN's plans of {graph}")
        try:
            plans = list(islice(candidates(graph, self.target), MOST_PLANS))
            return fastest(str(graph), plans, lambda plan: time(graph, plan))
        finally:
            settings.chosen.tell("")

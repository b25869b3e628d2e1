"""Plans of one GPU: made once, then remembered, in this process and on disk."""

from netdef.engines.cudnn.library import Target
from netdef.engines.cudnn.operation_graph import OperationGraph
from netdef.engines.cudnn.plan import Plan, build
from netdef.engines.cudnn.plan_store import PlanStore
from netdef.engines.engine import Refused


class Planner:
    """Finds the plan of a graph, or why there is none."""

    def __init__(self, target: Target, store: PlanStore | None) -> None:
        self.target, self._store = target, store
        self._known: dict[OperationGraph, Plan | str] = {}

    def plan(self, graph: OperationGraph) -> Plan:
        """Return the plan of a graph: the one used before, from disk, or a new one.

        Raises:
            Refused: cuDNN has none.
        """
        if graph not in self._known:
            self._known[graph] = self._found(graph)
        known = self._known[graph]
        if isinstance(known, str):
            raise Refused(known)
        return known

    def _found(self, graph: OperationGraph) -> Plan | str:
        plan = None if self._store is None else self._store.find(graph)
        if plan is not None:
            return plan
        try:
            plan = build(graph, self.target)
        except Refused as refusal:
            return str(refusal)
        if self._store is not None:
            self._store.keep(graph, plan)
        return plan

"""``debug_info``: the size of every blob, gradient and update, in Caffe's words."""

from collections.abc import Iterator
from typing import Any

from netdef.executor import Way
from netdef.graph import Node
from netdef.infer import Param
from netdef.solvers.reporter import Reporter, Started
from netdef.solvers.solver import Solver


class DebugInfo(Reporter):
    """Notes mean absolute values in the iterations that ``display``, as Caffe does.

    Of each layer's tops and weights when it ran forward; of the gradients of its bottoms and
    weights when it ran backward, and the L1 and L2 norms of all weights and gradients then; of
    each weight blob before its update, and of the update. It is one of the solver's reporters,
    and tells the others by ``noted``.
    """

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._before = solver.net.weights.data.copy()
        self._end = 0

    def started(self, event: Started) -> None:
        self._end = event.max_iter
        self._look_on(event.iteration)

    def trained(self, iteration: int, loss: float) -> None:
        if self._solver.net.executor.observer is self:
            for line in self._updates():
                self._note(line)
        self._look_on(iteration)

    def _look_on(self, iteration: int) -> None:
        display = self._solver.param.display
        is_due = display > 0 and iteration % display == 0 and iteration < self._end
        self._solver.net.executor.observer = self if is_due else None
        if is_due:
            self._before[...] = self._solver.net.weights.data

    def before(self, way: Way, node: int) -> None:
        """Nothing is known yet of a layer that is about to run."""

    def after(self, way: Way, node: int) -> None:
        """Note what a layer made."""
        net = self._solver.net
        is_forward = way == "forward"
        of_layer, factor = (self._forward, 1.0) if is_forward else (self._backward, net.loss_scale)
        for what, array in of_layer(net.graph.nodes[node]):
            title = f"[{way.capitalize()}] Layer {net.layer_names[node]}"
            self._note(f"{title}, {what}: {_size(array) / factor:g}")
        if way == "backward" and node == min(c.node for c in net.plan.backward):
            self._note(self._norms())

    def _forward(self, node: Node) -> Iterator[tuple[str, Any]]:
        net = self._solver.net
        for top in node.tops:
            array = self._array(net.plan.program.blobs[top])
            if array is not None:
                yield f"top blob {_name(top)} data", array
        for i, param in enumerate(net.shapes.params[node.name]):
            yield f"param blob {_param_name(node, i)} data", net.weight_arrays[param.owner]

    def _backward(self, node: Node) -> Iterator[tuple[str, Any]]:
        net = self._solver.net
        for bottom in node.bottoms:
            array = self._array(net.plan.program.diffs.get(bottom))
            if array is not None:
                yield f"bottom blob {_name(bottom)} diff", array
        for i, param in enumerate(net.shapes.params[node.name]):
            if param.is_learned:
                yield f"param blob {i} diff", net.grad_arrays[param.owner]

    def _array(self, value: Any) -> Any:
        """Return the array of a blob or its gradient, in 16 bits if it is; None if it has none."""
        executor = self._solver.net.executor
        if value is None or value in executor.plan.slots:
            return None if value is None else executor.array(value)
        named = (v for v in executor.plan.slots if (v.kind, v.name) == (value.kind, value.name))
        narrow = next(named, None)
        return None if narrow is None else executor.array(narrow).astype("float32")

    def _norms(self) -> str:
        weights, factor = self._solver.net.weights, self._solver.net.loss_scale
        xp, arrays = weights.device.xp, (weights.data[: weights.learned], weights.grad / factor)
        ones, twos = ([float(xp.linalg.norm(a, order)) for a in arrays] for order in (1, 2))
        return (
            f"[Backward] All net params (data, diff): L1 norm = ({ones[0]:g}, {ones[1]:g});"
            f" L2 norm = ({twos[0]:g}, {twos[1]:g})"
        )

    def _updates(self) -> Iterator[str]:
        net = self._solver.net
        for node in net.graph.nodes:
            for i, param in enumerate(net.shapes.params[node.name]):
                if not param.is_learned:
                    continue
                old = net.weights.view(self._before, param.owner)
                diff = _size(net.weight_arrays[param.owner] - old)
                title, name = f"[Update] Layer {node.name}, param", _param_name(node, i)
                if param.is_owner:
                    yield f"{title} {name} data: {_size(old):g}; diff: {diff:g}"
                else:
                    yield f"{title} blob {name} ({self._owner(param)}) diff: {diff:g}"

    def _owner(self, param: Param) -> str:
        layer, _, number = param.owner.rpartition("/")
        node = next(n for n in self._solver.net.graph.nodes if n.name == layer)
        return f"owned by layer {layer}, param {_param_name(node, int(number))}"

    def _note(self, line: str) -> None:
        self._solver.reporter.noted(f"    {line}")


def _size(array: Any) -> float:
    return float(abs(array).mean()) if array.size else 0.0


def _name(blob: str) -> str:
    return blob.partition("@")[0]


def _param_name(node: Node, number: int) -> str:
    """Return the name that a weight blob is shared by, or its number."""
    named = node.params[number].name if number < len(node.params) else ""
    return named or str(number)

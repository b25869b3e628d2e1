"""The plan and the executor of the shapes of now."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence

from netdef.engines import Engine, settings
from netdef.errors import ShapeError
from netdef.executor import Executor
from netdef.fusion import PASSES
from netdef.graph import Graph
from netdef.infer import Shapes, infer
from netdef.largest_batch import Sizing, batch_of, largest_batch, with_batch
from netdef.plan import Plan, compile_program
from netdef.record import record
from netdef.resized import Resized
from netdef.shape import Shape

_MOST_EXECUTORS, _MOST_PLANS = 4, 64


class Replanner:
    """Makes a plan and an executor when shapes are new, and keeps them by the shapes.

    The plans that were used last are kept, and fewer executors, which take more memory.
    """

    def __init__(
        self,
        graph: Graph,
        shapes: Shapes,
        keep: str,
        backward: bool,
        executor_of: Callable[[Plan], Executor],
        engines: Callable[[], Sequence[Engine]],
        precision: str = "F32",
    ) -> None:
        self._graph, self._shapes, self._keep, self._backward = graph, shapes, keep, backward
        self._executor_of, self._engines, self._precision = executor_of, engines, precision
        self._inputs: dict[str, Shape] = {}
        self._resized: dict[str, Shape] = {}
        self._plans: OrderedDict[tuple[tuple[str, Shape], ...], Plan] = OrderedDict()
        self._executors: OrderedDict[tuple[tuple[str, Shape], ...], Executor] = OrderedDict()
        self._last: Executor | None = None

    @property
    def _key(self) -> tuple[tuple[str, Shape], ...]:
        return tuple(sorted({**self._inputs, **self._resized}.items()))

    def reshape(self, blob: str, shape: Shape) -> None:
        """Give an Input blob another shape; what layers chose for the old one is forgotten."""
        if self._inputs.get(blob, self._shapes.blobs[blob]) != shape:
            self._inputs[blob] = shape
            self._resized.clear()

    @property
    def plan(self) -> Plan:
        """The plan of the shapes of now."""
        key = self._key
        if key not in self._plans:
            shapes = self._shapes_of(key)
            self._check_weights(shapes)
            self._plans[key] = self._compiled(shapes, self._engines())
            if len(self._plans) > _MOST_PLANS:
                self._plans.popitem(last=False)
        self._plans.move_to_end(key)
        return self._plans[key]

    def _shapes_of(self, key: Iterable[tuple[str, Shape]]) -> Shapes:
        given = dict(key)
        return infer(self._graph, given) if given else self._shapes

    def _compiled(self, shapes: Shapes, engines: Sequence[Engine]) -> Plan:
        program = record(self._graph, shapes, self._backward)
        passes = tuple(PASSES) if settings.chosen.fuses else ()
        return compile_program(program, engines, self._keep, passes, self._precision)

    def largest_batch(self, free: int) -> tuple[int, int] | tuple[None, None]:
        """Return the batch of now, and the largest one that fits into so many bytes.

        None if the inputs do not agree in how many items they take at once.
        """
        shapes = self._shapes_of(self._key)
        batch, sizing = batch_of(self._graph, shapes), Sizing(self._engines())
        if batch is None:
            return None, None

        def plan_of(items: int, engines: Sequence[Engine] | None = None) -> Plan:
            other = infer(self._graph, with_batch(self._graph, shapes, items))
            return self._compiled(other, engines or self._engines())

        def arrays_of(items: int) -> int:
            return plan_of(items, [sizing]).arena_bytes

        return batch, largest_batch(batch, self.plan, free, arrays_of, plan_of)

    @property
    def executor(self) -> Executor:
        """The executor of the shapes of now; it goes on from the one before."""
        key = self._key
        if key not in self._executors:
            self._executors[key] = self._executor_of(self.plan)
            if len(self._executors) > _MOST_EXECUTORS:
                self._executors.popitem(last=False)
        self._executors.move_to_end(key)
        executor = self._executors[key]
        if self._last is not None and self._last is not executor:
            executor.go_on_from(self._last.lasting)
        self._last = executor
        return executor

    def prepare(self) -> None:
        """Make what the shapes of now need, if they are new."""
        _ = self.executor

    @property
    def executors(self) -> Collection[Executor]:
        """The executors of all shapes that there are by now."""
        return self._executors.values()

    def forget_executors(self) -> None:
        """Make executors anew: the arrays of weights are others now."""
        self._executors.clear()

    def forward(self, first: int, last: int | None) -> None:
        """Run layers, and go on with another plan where one makes tops of other shapes."""
        executor = self.executor
        try:
            executor.forward(first, last)
        except Resized as resized:
            self._resized |= {top: Shape(a.shape) for top, a in resized.tops.items()}
            following = self.executor
            following.adopt(executor, resized.node)
            for top, array in resized.tops.items():
                value = following.plan.program.blobs[top]
                following.array(value)[...] = following.device.xp.asarray(array)
            self.forward(resized.node + 1, last)

    def _check_weights(self, shapes: Shapes) -> None:
        """Fail unless the weights that are there fit shapes that other inputs lead to."""
        for node in self._graph.nodes:
            pairs = zip(self._shapes.params[node.name], shapes.params[node.name], strict=True)
            for mine, asked in pairs:
                if mine.weight.shape != asked.weight.shape:
                    raise ShapeError(
                        f"{node}: its {mine.weight.name} has the shape {Shape(mine.weight.shape)},"
                        f" but these inputs need {Shape(asked.weight.shape)}"
                    )

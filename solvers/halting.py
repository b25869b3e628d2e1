"""A stop of the updates on a GPU, before the host knows why."""

from typing import Any

from netdef.engines import Run
from netdef.executor import Executor
from netdef.net import Net


class Halt:
    """A number in a GPU's memory that is 0 until a loss is none, and then stops all updates.

    So the host may give the GPU the next iteration before it has seen the loss of this one, and
    the weights still are those that the loss was computed with.
    """

    def __init__(self, net: Net) -> None:
        from netdef.engines.cupy import CupyEngine

        self._net, self._engine = net, CupyEngine(net.device.xp)
        self.number = net.device.xp.zeros((), "float32")
        self._executor: Executor | None = None
        self._watch: list[Run] = []

    def watch(self) -> None:
        """Let the GPU look at the losses of the pass before."""
        executor = self._net.executor
        if executor is not self._executor:
            self._executor, self._watch = executor, [self._adds(a) for a in self._losses(executor)]
        for run in self._watch:
            run()

    def _losses(self, executor: Executor) -> list[Any]:
        blobs, graph = executor.plan.program.blobs, self._net.graph
        return [executor.array(blobs[graph.id_of(name)]) for name in self._net.loss_weights]

    def _adds(self, loss: Any) -> Run:
        """Return what adds 0 for a number; infinities and what is none leave no number."""
        options = {"expression": "x - x", "numbers": {}}
        arrays = {"x": loss.reshape(()), "add_to": self.number}
        return self._engine.prepare("map", arrays, options)

    def end(self) -> None:
        """Let updates go on."""
        self.number.fill(0)

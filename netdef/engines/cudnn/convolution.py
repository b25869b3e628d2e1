"""Convolutions: forward, and the gradients of the image, the weight and the bias."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from netdef.engines.cudnn import convolution_graphs as graphs
from netdef.engines.cudnn.calls import Calls
from netdef.engines.cudnn.convolution_graphs import Finish, Geometry
from netdef.engines.engine import Run, in_order
from netdef.window import Window


class Convolutions(Calls):
    """The primitives ``conv``, ``conv_grad_x`` and ``conv_grad_weight``.

    How many groups there are cuDNN sees by the channels of the filters.
    """

    def conv(
        self,
        x: Any,
        weight: Any,
        bias: Any,
        out: Any,
        *,
        window: Window,
        group: int,
        plus: Any = None,
        relu: bool = False,
        most: float | None = None,
        slope: float = 0,
    ) -> Run:
        shape = self._geometry(x, weight, out, window)
        wanted = Finish(bias is not None, plus is not None, relu, most, slope)
        graph, done = self.first_with_a_plan(
            (graphs.forward(shape, finish), finish) for finish in _shorter_and_shorter(wanted)
        )
        arrays, before, after = self.arrange(
            graph, shape.channels_innermost, {"x": x, "weight": weight, "plus": plus}, {"out": out}
        )
        if done.bias:
            arrays["bias"], copy = self.given(bias, graph.inputs[2], False)
            before.append(copy)
        run = self.ready(graph, arrays)
        return in_order(*before, run, *after, *self._rest(wanted, done, out, bias, plus))

    def _rest(self, wanted: Finish, done: Finish, out: Any, bias: Any, plus: Any) -> Iterator[Run]:
        """Yield what does the parts that the plan does not."""
        xp = self.xp
        if wanted.bias and not done.bias:
            tall = bias.reshape(-1, *(1,) * (out.ndim - 2))
            yield partial(xp.add, out, tall, out=out)
        if wanted.plus and not done.plus:
            yield partial(xp.add, out, plus, out=out)
        if wanted.relu and not done.relu:
            if wanted.slope:
                below = self.scratch.take(out.shape, out.dtype)
                yield partial(xp.minimum, out, 0, out=below)
                yield partial(xp.multiply, below, wanted.slope, out=below)
            yield partial(xp.clip, out, 0, wanted.most, out=out)
            if wanted.slope:
                yield partial(xp.add, out, below, out=out)

    def conv_grad_x(self, weight: Any, dy: Any, out: Any, *, window: Window, group: int) -> Run:
        shape = self._geometry(out, weight, dy, window)
        graph = graphs.grad_x(shape)
        arrays, before, after = self.arrange(
            graph, shape.channels_innermost, {"dy": dy, "weight": weight}, {"out": out}
        )
        return in_order(*before, self.ready(graph, arrays), *after)

    def conv_grad_weight(
        self,
        x: Any,
        dy: Any,
        add_to: Any,
        add_bias: Any = None,
        *,
        window: Window,
        group: int,
    ) -> Run:
        shape = self._geometry(x, add_to, dy, window)
        graph = graphs.grad_weight(shape)
        arrays, before, _ = self.arrange(graph, shape.channels_innermost, {"x": x, "dy": dy}, {})
        arrays["out"], add = self.added(add_to, graph.outputs[0], shape.channels_innermost)
        run = self.ready(graph, arrays)
        return in_order(*before, run, add, *self._bias_gradient(dy, add_bias))

    def _bias_gradient(self, dy: Any, bias: Any) -> Iterator[Run]:
        """Yield what adds the sum of each channel's errors."""
        if bias is not None:
            sums, axes = self.scratch.take(bias.shape, bias.dtype), (0, *range(2, dy.ndim))
            yield partial(self.xp.sum, dy, axis=axes, dtype=bias.dtype, out=sums)
            yield partial(self.xp.add, bias, sums, out=bias)

    def _geometry(self, x: Any, weight: Any, y: Any, window: Window) -> Geometry:
        dtype = self.dtype_of(x, y)
        innermost = self.lies_channels_innermost(dtype)
        x, weight, y = (tuple(a.shape) for a in (x, weight, y))
        return Geometry(x, weight, y, window, dtype, innermost, self.tf32)


def _shorter_and_shorter(wanted: Finish) -> Iterator[Finish]:
    """Yield what follows the products, then less of it, at last nothing."""
    yield wanted
    while not wanted.is_empty:
        wanted = wanted.without_last()
        yield wanted

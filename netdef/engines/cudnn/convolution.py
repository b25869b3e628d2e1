"""Convolutions: forward, and the gradients of the image, the weight and the bias."""

from collections.abc import Iterator
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
        return in_order(*before, run, *after, self._rest(wanted, done, out, bias, plus))

    def _rest(self, wanted: Finish, done: Finish, out: Any, bias: Any, plus: Any) -> Run | None:
        """Return what does the parts that the plan does not, in one pass."""
        expression, arrays, numbers = "y", {"y": out}, {}
        if wanted.bias and not done.bias:
            expression += " + bias"
            arrays["bias"] = bias.reshape(-1, *(1,) * (out.ndim - 2))
        if wanted.plus and not done.plus:
            expression += " + plus"
            arrays["plus"] = plus
        if wanted.relu and not done.relu:
            above = f"maximum({expression}, 0)"
            if wanted.slope:
                above += f" + slope * minimum({expression}, 0)"
                numbers["slope"] = wanted.slope
            if wanted.most is not None:
                above = f"minimum({above}, most)"
                numbers["most"] = wanted.most
            expression = above
        return None if expression == "y" else self.mapped(expression, out, None, numbers, **arrays)

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
        sums = None
        if add_bias is not None:
            sums = self.other.sum(dy, add_to=add_bias, axes=(0, *range(2, dy.ndim)))
        return in_order(*before, run, add, sums)

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

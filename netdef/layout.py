"""A pass of ``compile``: in which order the axes of each value lie in memory.

The values stay ``(N, C, H, W)`` for whoever looks at them. In memory images lie as the
fastest engine likes them. For the reference engine that is ``(C, H, W, N)``: then every
window, channel and concatenation is made of long contiguous runs, and a convolution of the
whole batch is one matrix product. For oneDNN it is ``(N, H, W, C)``.
"""

from collections.abc import Iterable, Sequence

from netdef.engines import Engine
from netdef.engines.scratch import fake
from netdef.program import Call
from netdef.values import Order, Value, View

_IMAGES = {"conv", "conv_grad_x", "conv_grad_weight", "pool_max", "pool_max_grad", "pool_average"}
_IMAGES |= {"pool_stochastic", "pool_average_grad", "pool_max_place", "lrn", "lrn_grad"}
_SAME = {"map", "batch_statistics", "batch_norm_grad", "concat", "copy", "softmax", "softmax_grad"}
_SAME |= {"batch_norm", "batch_norm_back", "prelu", "prelu_back"}
_SAME |= {"softmax_loss", "softmax_loss_grad"}
_MOVABLE = {"blob", "diff", "saved", "temporary"}


def orders(calls: Sequence[Call], engine: Engine, plain: frozenset[Value]) -> dict[Value, Order]:
    """Return the order of the axes, outermost first, of all values that are not plain.

    It is the one that the ``engine`` of the images likes best. ``plain`` names values that
    must keep their order, such as inputs a user fills.
    """
    found: set[Value] = set()
    grew = engine.image_order(4) != (0, 1, 2, 3)
    while grew:
        before = len(found)
        for call in calls:
            found |= _spread(call, found)
        grew = len(found) > before
    inner = {v: engine.image_order(v.ndim) for v in found - plain}
    for call in calls:
        for view in _views(call):
            if view.base in inner and not _is_possible(view, inner[view.base]):
                del inner[view.base]
    return inner


def _spread(call: Call, found: set[Value]) -> set[Value]:
    """Return the values of the call that lie as images do if ``found`` do."""
    values = {
        v
        for v in (*call.read_values(), *call.written_values())
        if v.ndim >= 3 and v.kind in _MOVABLE
    }
    ranks = {v.ndim for v in values & found}
    if call.primitive in _IMAGES:
        return values
    if call.primitive in _SAME:
        return {v for v in values if v.ndim in ranks}
    return set()


def _views(call: Call) -> Iterable[View]:
    for roles in (call.reads, call.writes):
        for operand in roles.values():
            for each in operand if isinstance(operand, tuple) else (operand,):
                if isinstance(each, View):
                    yield each


def _is_possible(view: View, order: Order) -> bool:
    try:
        view.of(fake(view.base.shape, view.dtype, order))
    except (ValueError, AttributeError):
        return False
    return True

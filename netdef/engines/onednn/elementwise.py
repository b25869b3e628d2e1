"""The primitive ``map`` as passes of oneDNN's over the arrays, or over blocks of them."""

from collections.abc import Collection, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from netdef.engines.engine import Refused, Run, in_order
from netdef.engines.onednn.one_pass import OnePass
from netdef.engines.onednn.passes import NotInPasses, Pass, Passes, Step, passes_of
from netdef.engines.scratch import axes_in_memory, fake, laid_like
from netdef.engines.threads import parts
from netdef.expression import compile_expression

_BLOCK = 1 << 17
"""Elements of a block: what several passes make of it stays in the cache."""
_TARGET = "what is added to"
_SMALLEST_BLOCK = 1 << 13
Arrays = dict[str, Any]


class Elementwise(OnePass):
    """The primitive ``map`` on large arrays.

    What takes several passes is done block by block, each by one thread, with rooms of a
    block's size for what lies between the passes.
    """

    def map(
        self,
        out: Any = None,
        add_to: Any = None,
        *,
        expression: str,
        numbers: dict[str, float],
        **arrays: Any,
    ) -> Run:
        target, last = (out, ()) if add_to is None else (add_to, (Step("add", _TARGET),))
        self.refuse_small(target)
        if add_to is not None:
            arrays[_TARGET] = add_to
        whole = {name for name, array in arrays.items() if array.shape == target.shape}
        _check_types(target, arrays, whole)
        try:
            passes = passes_of(compile_expression(expression, numbers), whole, last)
        except NotInPasses:
            raise Refused("computes no such expression") from None
        views = _alike({"": target, **arrays})
        return in_order(*self._small(passes, views), self._passes(passes.passes, views))

    def _small(self, passes: Passes, views: Arrays) -> Iterator[Run]:
        """Yield what computes with arrays that are to be broadcast; their results become views."""
        for small in passes.small:
            operands = small.operation.operands
            taken: list[Any] = [views[o] if isinstance(o, str) else o for o in operands]
            if any(o.dtype != np.float32 for o in taken if hasattr(o, "dtype")):
                raise Refused("computes with arrays of bfloat16 only where none is to be broadcast")
            shape = np.broadcast_shapes(*(np.shape(o) for o in taken))
            room = views[small.name] = self.scratch.take(shape, np.float32)
            yield partial(getattr(np, small.operation.function), *taken, out=room)

    def _passes(self, passes: tuple[Pass, ...], views: Arrays) -> Run:
        target = views[""]
        if len(passes) == 1:
            if not passes[0].steps:
                value = views[passes[0].start]
                described = self.describe.like(value), value, self.describe.like(target), target
                return self.reorder(*described)
            try:
                return self.one_pass(passes[0], views)
            except Refused:
                if target.ndim == 1:
                    raise
        if target.dtype != np.float32 and not all(p.is_exact for p in passes[:-1]):
            raise Refused("would round what lies between passes to bfloat16")
        return self.library.in_one_thread(lambda: self._in_blocks(passes, views))()

    def _in_blocks(self, passes: tuple[Pass, ...], views: Arrays) -> Run:
        blocks = list(_blocks(views[""]))
        shares = parts(len(blocks), min(self.threads.count, len(blocks) // 2))
        largest = max(views[""][block].size for block in blocks)
        if largest < _SMALLEST_BLOCK:
            raise Refused("is no faster with so small items")
        return self.threads.together(
            [self._share(passes, views, blocks[share], largest) for share in shares]
        )

    def _share(
        self, passes: tuple[Pass, ...], views: Arrays, blocks: list[Any], largest: int
    ) -> Run:
        """Return what computes some blocks, in the thread that runs it."""
        rooms = {p.into: self.scratch.take((largest,), views[""].dtype) for p in passes if p.into}
        runs = []
        for block in blocks:
            part = {name: _part(array, block) for name, array in views.items()}
            part |= {name: laid_like(room, part[""]) for name, room in rooms.items()}
            runs += [self.one_pass(each, part) for each in passes]
        return self.library.in_one_thread(in_order(*runs))


def _check_types(target: Any, arrays: Arrays, whole: Collection[str]) -> None:
    """Let only arrays that are broadcast be of float32 where the result is not.

    Raises:
        Refused: another is of another type.
    """
    for name, array in arrays.items():
        is_float32 = array.dtype == np.float32 and name not in whole
        if array.dtype != target.dtype and not is_float32:
            raise Refused("computes with arrays of one type only")


def _alike(arrays: Arrays) -> Arrays:
    """View dense arrays that lie in one order as flat ones; leave others, with equal axes.

    Raises:
        Refused: they have too many axes.
    """
    target = arrays[""]
    order = axes_in_memory(target)
    dense = fake(target.shape, target.dtype, tuple(order)).strides
    if all(a.shape == target.shape and a.strides == dense for a in arrays.values()):
        return {k: a.transpose(order).reshape(-1) for k, a in arrays.items()}
    if target.ndim > 5:
        raise Refused("broadcasts arrays of up to 5 axes")
    return {k: a.reshape((1,) * (target.ndim - a.ndim) + a.shape) for k, a in arrays.items()}


def _blocks(array: Any) -> Iterator[tuple[slice, ...]]:
    """Yield parts of at most ``_BLOCK`` elements, or of one line, that lie together in memory.

    Each is of one item: oneDNN adds no arrays to several that it has to be broadcast to.
    """
    order, inside = axes_in_memory(array), 1
    for cut in reversed(order):
        if inside * array.shape[cut] > _BLOCK:
            break
        inside *= array.shape[cut]
    else:
        cut, inside = order[0], inside // max(1, array.shape[order[0]])
    is_item = array.ndim > 1 and cut == order[0]
    step = 1 if is_item else max(1, _BLOCK // inside)
    outside = order[: order.index(cut)]
    for places in product(*(range(array.shape[axis]) for axis in outside)):
        for start in range(0, array.shape[cut], step):
            block = [slice(None)] * array.ndim
            for axis, place in zip(outside, places, strict=True):
                block[axis] = slice(place, place + 1)
            block[cut] = slice(start, min(start + step, array.shape[cut]))
            yield tuple(block)


def _part(array: Any, block: tuple[slice, ...]) -> Any:
    """Return the part of an array, which may be to be broadcast, that belongs to a block."""
    axes = zip(array.shape, block, strict=True)
    part = array[tuple(slice(None) if size == 1 else place for size, place in axes)]
    lying = part.transpose(axes_in_memory(part))
    # Steps along axes of one element are those of the whole, which oneDNN takes for gaps.
    return laid_like(lying.reshape(-1), part) if lying.flags.c_contiguous else part

"""Sums over axes, made in the same order each time."""

from typing import Any

from netdef.engines.cupy.kernels import computed
from netdef.engines.cupy.launching import Launching
from netdef.engines.cupy.places import Strides, plain_strides, strides_of, struct
from netdef.engines.cupy.reduction import Reduction, reduction_of
from netdef.engines.engine import Run, in_order


class Sums(Launching):
    """The primitives ``sum`` and ``sum_product``."""

    def sum(self, x: Any, out: Any = None, add_to: Any = None, *, axes: tuple[int, ...]) -> Run:
        return self._sum(x, None, out, add_to, axes)

    def sum_product(
        self, a: Any, b: Any, out: Any = None, add_to: Any = None, *, axes: tuple[int, ...]
    ) -> Run:
        return self._sum(a, b, out, add_to, axes)

    def _sum(self, a: Any, b: Any, out: Any, add_to: Any, axes: tuple[int, ...]) -> Run:
        target, adds = (out, 0) if add_to is None else (add_to, 1)
        real = computed(self.image_type((a, b), (target,)))
        second = a if b is None else b
        goal = _spread(strides_of(target), a.ndim, axes)
        by = reduction_of(axes, a.shape, strides_of(a), strides_of(second), goal).in_parts()
        if by.parts == 1:
            return self._launch_sums(by, a, b, target, adds)
        parts = self.scratch.take((by.results, by.parts), real)
        # The parts of a result lie side by side, and results in the order of the kept axes.
        lying = plain_strides(by.kept.sizes[::-1])[::-1]
        in_room = [by.parts * s for s in lying]
        first = self._launch_sums(by, a, b, parts, 0, in_room)
        shape = (*by.kept.sizes[::-1], by.parts)
        rest = reduction_of(
            (len(shape) - 1,), shape, *[plain_strides(shape)] * 2, (*by.kept.strides[2][::-1], 0)
        )
        return in_order(first, self._launch_sums(rest, parts, None, target, adds))

    def _launch_sums(
        self,
        by: Reduction,
        a: Any,
        b: Any,
        out: Any,
        adds: int,
        kept_out: "list[int] | None" = None,
    ) -> Run:
        a_kept, b_kept, out_kept = by.kept.packed_strides()
        a_summed, b_summed, _ = by.summed.packed_strides()
        if kept_out is not None:
            out_kept = [*kept_out, *(0,) * (5 - len(kept_out))]
        sums = struct(by.packed(), a_kept, a_summed, b_kept, b_summed, out_kept, 1)
        return self.launch("sums", "sums", a.dtype, by.blocks, a, b, out, sums, adds)


def _spread(strides: Strides, ndim: int, axes: tuple[int, ...]) -> Strides:
    """Return the strides of a sum along the axes of what is summed: 0 along the summed ones."""
    gone, left = {axis % ndim for axis in axes}, iter(strides)
    return tuple(0 if axis in gone else next(left) for axis in range(ndim))

"""Calls whose parts are independent, cut into one part for each thread."""

from collections.abc import Callable, Mapping
from typing import Any

from netdef.engines import blas
from netdef.engines.engine import Engine, Run
from netdef.engines.numpy.narrow import is_narrow, operands, widened
from netdef.engines.numpy.normalization import are_pixels
from netdef.engines.threads import parts
from netdef.engines.work import is_quick

Arrays = Mapping[str, Any]


class Splitting(Engine):
    """Prepares a call of many primitives as several calls on parts of its arrays."""

    copy: Callable[..., Run]

    def prepare(self, primitive: str, arrays: Arrays, options: Mapping[str, Any]) -> Run:
        self.scratch.begin()
        if not self.computes_narrow(primitive) and any(map(is_narrow, operands(arrays))):
            return widened(self, primitive, arrays, options)
        return self.prepare_wide(primitive, arrays, options)

    def computes_narrow(self, primitive: str) -> bool:
        """True if the primitive takes numbers of 16 bits as they are."""
        return primitive == "map"

    def mapped(self, expression: str, **operands: Any) -> Run:
        """Prepare an elementwise expression that is a part of another call."""
        numbers = {k: v for k, v in operands.items() if isinstance(v, float)}
        arrays = {k: v for k, v in operands.items() if k not in numbers}
        return self.prepare_wide("map", arrays, dict(expression=expression, numbers=numbers))

    def prepare_wide(self, primitive: str, arrays: Arrays, options: Mapping[str, Any]) -> Run:
        """Prepare a call on numbers that NumPy computes with."""
        call = getattr(self, primitive)
        cut = _CUTS.get(primitive)
        count = self.threads.count if cut else 1
        if cut is None or count == 1 or is_quick(primitive, arrays, options):
            run: Run = call(**arrays, **options)
            return blas.one_thread(run) if primitive == "gemm" and count > 1 else run
        return self.threads.together(
            [call(**part, **options) for part in cut(arrays, options, count)]
        )


def _by_channel(arrays: Arrays, options: Arrays, count: int) -> list[dict[str, Any]]:
    """Cut images ``(N, C, ...)`` and vectors ``(C,)`` by channels."""
    images = [a for a in arrays.values() if a is not None and a.ndim > 1]
    return [
        {
            role: a if a is None else a[part] if a.ndim == 1 else a[:, part]
            for role, a in arrays.items()
        }
        for part in parts(images[0].shape[1], count)
    ]


def _target(arrays: Arrays) -> Any:
    return arrays["out"] if arrays.get("out") is not None else arrays["add_to"]


def _by_outermost(arrays: Arrays, options: Arrays, count: int) -> list[dict[str, Any]]:
    """Cut along the target's outermost axis in memory; operands may broadcast along it."""
    target = _target(arrays)
    axes = [i for i in range(target.ndim) if target.shape[i] >= count]
    if not axes:
        return [dict(arrays)]
    axis = max(axes, key=lambda i: abs(target.strides[i]))

    def of(array: Any, part: slice) -> Any:
        own = axis - (target.ndim - array.ndim)
        if own < 0 or array.shape[own] == 1:
            return array
        return array[(slice(None),) * own + (part,)]

    return [
        {role: None if a is None else of(a, part) for role, a in arrays.items()}
        for part in parts(target.shape[axis], count)
    ]


def _joined(arrays: Arrays, options: Arrays, count: int) -> list[dict[str, Any]]:
    """Cut a concatenation along the target's outermost axis in memory but the joined one."""
    target, joined = arrays["out"], options["axis"] % arrays["out"].ndim
    axes = [i for i in range(target.ndim) if i != joined and target.shape[i] >= count]
    if not axes:
        return [dict(arrays)]
    axis = max(axes, key=lambda i: abs(target.strides[i]))
    places = [(slice(None),) * axis + (part,) for part in parts(target.shape[axis], count)]
    return [dict(parts=tuple(p[at] for p in arrays["parts"]), out=target[at]) for at in places]


def _by_rows_or_columns(arrays: Arrays, options: Arrays, count: int) -> list[dict[str, Any]]:
    """Cut a product by its longer side."""
    rows = -1 if options["trans_a"] else -2
    columns = -2 if options["trans_b"] else -1
    target = _target(arrays)
    height, width = target.shape[-2:]

    def cut(role: str, array: Any, part: slice) -> Any:
        if array is None:
            return None
        if height >= width:
            axis = {"a": rows, "b": None, "bias": None}.get(role, -2)
        else:
            axis = {"a": None, "b": columns}.get(role, -1)
        if axis is None:
            return array
        return array[(..., part, *(slice(None),) * (-axis - 1))]

    return [
        {role: cut(role, a, part) for role, a in arrays.items()}
        for part in parts(max(height, width), count)
    ]


def _sum_by_channel(arrays: Arrays, options: Arrays, count: int) -> list[dict[str, Any]]:
    """Cut a sum that keeps the channels and nothing else."""
    images = next(iter(arrays.values()))
    kept = set(range(images.ndim)) - {axis % images.ndim for axis in options["axes"]}
    return _by_channel(arrays, options, count) if kept == {1} else [dict(arrays)]


def _sum_of_planes(arrays: Arrays, options: Arrays, count: int) -> list[dict[str, Any]]:
    """Cut a sum by channel unless the channels lie side by side."""
    if are_pixels(arrays["x"], options["axes"]):
        return [dict(arrays)]
    return _sum_by_channel(arrays, options, count)


Cut = Callable[[Arrays, Arrays, int], list[dict[str, Any]]]
_CUTS: dict[str, Cut] = {
    "pool_max": _by_channel,
    "pool_max_grad": _by_channel,
    "pool_average": _by_channel,
    "pool_average_grad": _by_channel,
    "batch_statistics": _by_channel,
    "batch_norm_grad": _by_channel,
    "batch_norm": _by_channel,
    "batch_norm_back": _by_channel,
    "map": _by_outermost,
    "copy": _by_outermost,
    "concat": _joined,
    "gemm": _by_rows_or_columns,
    "sum": _sum_of_planes,
    "sum_product": _sum_by_channel,
}

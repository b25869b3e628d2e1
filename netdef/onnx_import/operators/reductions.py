"""Numbers of which one is made: sums, means, the largest."""

from netdef.errors import ConfigError
from netdef.onnx_import.net_builder import Blob
from netdef.onnx_import.operation import Operation, imports

_IMAGES = 4


@imports("ArgMax")
def arg_max(op: Operation) -> Blob:
    """The place of the largest number."""
    axis = op.attributes.get("axis", 0) % len(op.x.shape)
    place = op.layer("ArgMax", argmax_param={"axis": axis})
    if op.attributes.get("keepdims", 1):
        return place
    return op.reshaped(place, [n for i, n in enumerate(place.shape) if i != axis])


_REDUCTIONS = {
    "ReduceSum": "SUM",
    "ReduceMean": "MEAN",
    "ReduceL1": "ASUM",
    "ReduceSumSquare": "SUMSQ",
}


@imports("ReduceMax", *_REDUCTIONS)
def reduction(op: Operation) -> Blob:
    """A sum or mean over the last axes, or pooling over images.

    Raises:
        ConfigError: it is over other axes, or no layer's.
    """
    rank = len(op.x.shape)
    axes = sorted(a % rank for a in op.numbers(1, "axes") or range(rank))
    keeps = bool(op.attributes.get("keepdims", 1))
    kept = [1 if i in axes else n for i, n in enumerate(op.x.shape) if keeps or i not in axes]
    if rank == _IMAGES and axes == [2, 3] and op.kind in ("ReduceMean", "ReduceMax"):
        pool = {"pool": "AVE" if op.kind == "ReduceMean" else "MAX", "global_pooling": True}
        return op.reshaped(op.layer("Pooling", pooling_param=pool), kept)
    if axes != list(range(axes[0], rank)) or op.kind not in _REDUCTIONS:
        raise ConfigError(f"is over the axes {axes} of {rank}, which no layer reduces so")
    fields = {"operation": _REDUCTIONS[op.kind], "axis": axes[0]}
    return op.reshaped(op.layer("Reduction", reduction_param=fields), kept)

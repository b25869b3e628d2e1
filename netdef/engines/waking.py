"""Whether a call is so quick that waking threads for it takes longer than they save."""

from collections.abc import Iterator, Mapping
from typing import Any

_QUICK = 1e-4
"""Seconds. A thread that sleeps takes 2 to 6 hundred thousandths of one to wake."""
_OPERATIONS, _BYTES = 1e11, 2e10
"""What one core does in a second."""


def is_quick(primitive: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Tell whether one core needs less than a tenth of a millisecond for a call.

    That is estimated from its sizes, not measured: a call must be parted in the same way in
    every run, so that it rounds in the same way.
    """
    size: int = sum(a.nbytes for a in _each(arrays))
    return _operations(primitive, arrays, options) / _OPERATIONS + size / _BYTES < _QUICK


def _operations(primitive: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> float:
    """Return the operations of a product; what other calls take, their bytes tell."""
    if primitive == "gemm":
        target = arrays["out"] if arrays.get("add_to") is None else arrays["add_to"]
        return 2.0 * int(target.size) * int(arrays["a"].shape[-2 if options["trans_a"] else -1])
    if primitive not in ("conv", "conv_grad_x", "conv_grad_weight"):
        return 0
    places = arrays["out" if primitive == "conv" else "dy"]
    weight = arrays["add_to" if primitive == "conv_grad_weight" else "weight"]
    return 2.0 * int(places.size) * int(weight.size) / max(1, int(weight.shape[0]))


def _each(arrays: Mapping[str, Any]) -> Iterator[Any]:
    for operand in arrays.values():
        for array in operand if isinstance(operand, tuple) else (operand,):
            if hasattr(array, "nbytes"):
                yield array

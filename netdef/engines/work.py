"""How much there is to do in a call, by its sizes alone."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

_QUICK = 1e-4
"""Seconds. A thread that sleeps takes 2 to 6 hundred thousandths of one to wake."""
_OPERATIONS, _BYTES = 1e11, 2e10
"""What one core does in a second."""


def multiply_adds(primitive: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """Return the products that a call sums up; 0 if it is neither a convolution nor a product.

    A convolution takes one for each element of its output and of one filter, and so do its
    two gradients; a matrix product (M, K) (K, N) takes M N K. Attention is two products
    forward, and five backward, which makes the first again.
    """
    match primitive:
        case "conv":
            return _convolved(arrays["out"], arrays["weight"])
        case "conv_grad_x":
            return _convolved(arrays["dy"], arrays["weight"])
        case "conv_grad_weight":
            return _convolved(arrays["dy"], arrays["add_to"])
        case "gemm":
            target = arrays["out"] if arrays.get("add_to") is None else arrays["add_to"]
            summed = arrays["a"].shape[-2 if options["trans_a"] else -1]
            return prod(map(int, target.shape)) * int(summed)
        case "attention":
            return 2 * prod(map(int, arrays["q"].shape)) * int(arrays["k"].shape[2])
        case "attention_back":
            return 5 * prod(map(int, arrays["q"].shape)) * int(arrays["k"].shape[2])
        case _:
            return 0


def _convolved(image: Any, weight: Any) -> int:
    return prod(map(int, image.shape)) * prod(map(int, weight.shape[1:]))


def is_quick(primitive: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Tell whether one core needs less than a tenth of a millisecond for a call.

    Waking threads for it takes longer than they save. That is estimated, not measured: a call
    must be parted in the same way in every run, so that it rounds in the same way.
    """
    operations = 2 * multiply_adds(primitive, arrays, options)
    size = sum(a.nbytes for a in _each(arrays))
    return bool(operations / _OPERATIONS + size / _BYTES < _QUICK)


def _each(arrays: Mapping[str, Any]) -> Iterator[Any]:
    for operand in arrays.values():
        for array in operand if isinstance(operand, tuple) else (operand,):
            if hasattr(array, "nbytes"):
                yield array

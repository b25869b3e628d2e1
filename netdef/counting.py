"""The multiply-adds of calls: of convolutions and matrix products, where the time goes."""

import math
from collections import Counter
from collections.abc import Iterable

from netdef.program import Call


def multiply_adds(call: Call) -> int:
    """Return the products that a call sums up; 0 for calls that are neither conv nor gemm.

    A convolution takes one for each element of its output and of one filter, and so do its
    two gradients; a matrix product (M, K) (K, N) takes M N K.
    """
    roles = {**call.reads, **call.writes}
    match call.primitive:
        case "conv":
            return _product(roles["out"].shape, roles["weight"].shape)
        case "conv_grad_x":
            return _product(roles["dy"].shape, roles["weight"].shape)
        case "conv_grad_weight":
            return _product(roles["dy"].shape, roles["add_to"].shape)
        case "gemm":
            target = roles["add_to" if call.adds else "out"]
            summed = roles["a"].shape[-2 if call.options["trans_a"] else -1]
            return math.prod(map(int, target.shape)) * int(summed)
        case _:
            return 0


def _product(image: tuple[int, ...], weight: tuple[int, ...]) -> int:
    return math.prod(image) * math.prod(weight[1:])


def multiply_adds_by_node(calls: Iterable[Call]) -> Counter[int]:
    """Return the sum over the calls of each layer, by its place in the graph."""
    counts: Counter[int] = Counter()
    for call in calls:
        counts[call.node] += multiply_adds(call)
    return counts

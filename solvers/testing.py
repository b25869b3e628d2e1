"""One test of a net: the mean of each output over some batches."""

from collections.abc import Callable

import numpy as np

from netdef.net import Net
from netdef.solvers.reporter import Output, outputs_of


def loss_of(net: Net) -> float:
    """Return the loss of the last forward pass: all losses by their weights."""
    weights = net.loss_weights.items()
    return float(sum(weight * net.blobs[name].data.sum() for name, weight in weights))


def output_values(net: Net) -> np.ndarray:
    """Return all numbers of the outputs, blob by blob in the order of their names."""
    blobs = [np.ravel(net.blobs[name].data) for name in sorted(net.outputs)]
    return np.concatenate(blobs) if blobs else np.empty(0, np.float32)


def test(
    net: Net,
    batches: int,
    tell: Callable[[int, list[Output]], None] | None = None,  # noqa: PT028  (not pytest's)
) -> tuple[list[Output], float]:
    """Run ``batches`` batches forward; return the means of the outputs and of the loss.

    ``tell`` is told the number of each batch, from 0, and its outputs.
    """
    total: np.ndarray | float = 0.0
    loss = 0.0
    for batch in range(batches):
        net.forward()
        values = output_values(net)
        if tell:
            tell(batch, outputs_of(net, values))
        total = total + values.astype(np.float64)
        loss += loss_of(net)
    return outputs_of(net, np.divide(total, batches)), loss / batches

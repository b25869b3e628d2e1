"""Nets as they are used after training: the part that says what an image shows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from contenders import SEED

from netdef.graph import Graph
from netdef.proto import NetParameter
from netdef.prototxt import NetText


def scores_text(text: NetText) -> NetText:
    """Return the layers that lead to what the last loss reads, which becomes the output."""
    layers = text.net.layer
    last = [layer for layer in layers if layer.type == "SoftmaxWithLoss"][-1]
    wanted, kept = {last.bottom[0]}, []
    for i, layer in reversed(list(enumerate(layers))):
        if wanted.intersection(layer.top):
            kept.append(i)
            wanted.update(layer.bottom)
    kept.reverse()
    net = NetParameter(name=text.net.name, layer=[layers[i] for i in kept])
    return NetText(net, text.path, tuple(text.lines[i] for i in kept))


def fill_statistics(graph: Graph, array: Callable[[str, int], Any]) -> None:
    """Give each BatchNorm layer a mean and a variance, as if it had seen images.

    ``array`` returns the array of a layer's blob. Untouched they are 0, and a division by them
    would let the numbers of a deep net grow beyond float32.
    """
    random = np.random.default_rng(SEED)
    for node in graph.nodes:
        if node.type == "BatchNorm":
            mean, variance, factor = (array(node.name, i) for i in range(3))
            mean[...] = random.normal(0, 0.1, mean.shape)
            variance[...] = random.uniform(0.8, 1.2, variance.shape)
            factor[...] = 1

"""Holding a net against the ONNX model made of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netdef.classifier import picture_input
from netdef.data.progress import Progress
from netdef.infer import infer
from netdef.net import Net
from netdef.onnx_export.body import Port
from netdef.onnx_export.dynamic_batch import other_inputs
from netdef.onnx_export.writing import value_names
from netdef.onnx_run import Difference, Session, compare, worst
from netdef.pictures import Pictures
from netdef.preprocessing import Preprocessing
from netdef.random_inputs import random_inputs

Inputs = Mapping[str, NDArray[Any]]


def differences(net: Net, session: Session, batches: Iterable[Inputs]) -> list[Difference]:
    """Return the largest difference of each output over all batches of inputs.

    Raises:
        RunError: the model does not run, or its outputs have other shapes.
    """
    names = value_names(net.graph)
    outputs = {name: names[net.graph.blobs[name]] for name in net.outputs}
    found = [compare(net, session, inputs, outputs) for inputs in batches]
    return [worst(each) for each in zip(*found, strict=True)]


def drawn(net: Net) -> Inputs:
    """Return inputs drawn at random: see ``random_inputs``."""
    return random_inputs(net.graph, net.shapes)


def drawn_for_other_batch(net: Net) -> Inputs:
    """Return inputs with another number of items, for a model that takes any."""
    ports = [Port(name, net.shapes.blobs[name]) for name in net.inputs]
    return random_inputs(net.graph, infer(net.graph, other_inputs(ports)))


def batches_of(
    net: Net, pictures: Pictures, preprocessing: Preprocessing, tell: Progress | None = None
) -> Iterator[Inputs]:
    """Yield pictures in batches of the net's size; the last picture fills up the last batch.

    Other inputs than the pictures' are drawn at random.

    Raises:
        ConfigError: the net has no input of pictures, or the preprocessing does not fit it.
        DataError: a picture cannot be read.
    """
    name = picture_input(net)
    size, channels = net.blobs[name].shape[:2]
    others = drawn(net)
    for first in range(0, len(pictures), size):
        found = pictures.read(first, size, color=channels == 3)
        prepared = [preprocessing.prepare(p.pixels) for p in found]
        prepared += prepared[-1:] * (size - len(prepared))
        yield {**others, name: np.stack(prepared)}
        if tell:
            tell(min(first + size, len(pictures)), len(pictures))

"""Compare single layers with PyTorch's functions: one thread each, by the processor's time.

The sides take turns in one process, forward and backward. netdef's images come from a
convolution, as in a net, and lie as its plan wants them; PyTorch's in the better of its two
memory formats. Medians are printed, and PyTorch's time / netdef's: above 1, netdef is that
many times as fast. Where netdef takes no time, the layer is fused into the convolution.
"""

import os
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import click
import numpy as np
from layer_cases import CASES, Case
from layer_clock import LayerClock

from netdef.net import Net
from netdef.proto import TRAIN
from netdef.prototxt import parse_net
from netdef.table import table

Times = tuple[float, float]
"""Milliseconds forward and backward."""
_LIT = 8
"""Channels of the image below the convolution."""
_random = np.random.default_rng(0)


def values(case: Case, bottom: int) -> Any:
    """Return random numbers, or labels, for a bottom."""
    shape = case.bottoms[bottom]
    if case.classes and bottom == len(case.bottoms) - 1:
        return _random.integers(0, case.classes, shape).astype(np.float32)
    return _random.standard_normal(shape, dtype=np.float32)


def net_text(case: Case) -> str:
    """Return a net of the layer, on inputs and on convolutions of 1x1 where they are images."""
    text = "force_backward: true\n"
    for i, shape in enumerate(case.bottoms):
        is_image = len(shape) == 4 and not (case.classes and i == len(case.bottoms) - 1)
        given = (shape[0], _LIT, *shape[2:]) if is_image else shape
        size = " ".join(f"dim: {n}" for n in given)
        name = f"in{i}" if is_image else f"x{i}"
        text += f'layer {{ name: "{name}" type: "Input" top: "{name}"'
        text += f" input_param {{ shape {{ {size} }} }} }}\n"
        if is_image:
            text += f'layer {{ name: "x{i}" type: "Convolution" bottom: "in{i}" top: "x{i}"'
            text += f" convolution_param {{ num_output: {shape[1]} kernel_size: 1"
            text += ' weight_filler { type: "msra" } } }\n'
    bottoms = " ".join(f'bottom: "x{i}"' for i in range(len(case.bottoms)))
    tops = " ".join(f'top: "y{i}" loss_weight: 1' for i in range(case.tops))
    return f'{text}layer {{ name: "it" {bottoms} {tops} {case.prototxt} }}\n'


def netdef_side(case: Case) -> Callable[[], Times]:
    """Return what runs the layer once on netdef, and how long it took."""
    net = Net(parse_net(net_text(case), case.name), TRAIN, keep="outputs")
    for i in range(len(case.bottoms)):
        if f"x{i}" in net.inputs:
            net.blobs[f"x{i}"].data[...] = values(case, i)
        else:
            data = net.blobs[f"in{i}"].data
            data[...] = _random.standard_normal(data.shape, dtype=np.float32)
    node = net.layer_names.index("it")

    def run() -> Times:
        net.executor.observer = clock = LayerClock(time.thread_time)
        net.forward()
        net.backward()
        return sum(clock.times["forward", node]), sum(clock.times["backward", node])

    return run


def torch_side(case: Case, layout: str) -> Callable[[], Times]:
    """Return what runs the function once on PyTorch, and how long it took."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    bottoms = [torch.from_numpy(values(case, i)) for i in range(len(case.bottoms))]
    for i, bottom in enumerate(bottoms):
        if case.classes and i == len(bottoms) - 1:
            bottoms[i] = bottom.long()
        elif bottom.ndim == 4:
            bottoms[i] = bottom.to(memory_format=getattr(torch, layout)).requires_grad_()
        else:
            bottoms[i] = bottom.requires_grad_()
    weights = [torch.randn(shape).requires_grad_() for shape in case.weights]

    def run() -> Times:
        for tensor in (*bottoms, *weights):
            tensor.grad = None
        start = time.thread_time()
        tops = case.function(functional, *bottoms, *weights)
        middle = time.thread_time()
        tops = tops if isinstance(tops, list) else [tops]
        ones = [torch.ones_like(top) for top in tops]
        began = time.thread_time()
        torch.autograd.backward(tops, ones)
        return 1e3 * (middle - start), 1e3 * (time.thread_time() - began)

    return run


def medians(sides: Sequence[Callable[[], Times]], rounds: int) -> list[Times]:
    """Let the sides take turns; return the median of each, the first two turns left out."""
    turns = [[side() for side in sides] for _ in range(rounds + 2)][2:]
    ways = [list(zip(*(turn[i] for turn in turns), strict=True)) for i in range(len(sides))]
    return [(median(forward), median(backward)) for forward, backward in ways]


@click.command(help=__doc__)
@click.option("--layers", default="", help="Names of the table's first column; all by default.")
@click.option("--rounds", default=9, show_default=True, help="Turns of each side.")
def main(layers: str, rounds: int) -> None:
    """Print a line for each layer."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        if os.environ.get(variable) != "1":
            raise click.UsageError(f"it takes the time of one thread; set {variable}=1")
    asked = [name for name in layers.split(",") if name]
    rows = []
    for case in CASES:
        if asked and case.name not in asked:
            continue
        layouts = ("contiguous_format", "channels_last")
        sides = [netdef_side(case), *(torch_side(case, layout) for layout in layouts)]
        mine, *theirs = medians(sides, rounds)
        other = min(theirs, key=sum)
        rows.append((case.name, *mine, *other, sum(other) / sum(mine)))
        click.echo(f"{case.name}: {rows[-1][-1]:.2f}", err=True)
    head = ("layer", "netdef fwd", "bwd", "torch fwd", "bwd", "torch / netdef")
    click.echo(table(head, rows))


if __name__ == "__main__":
    main()

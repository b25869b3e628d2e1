"""Compare netdef's updates of weights with torch.optim's: same sizes, same number of threads.

The sides take turns, and medians are printed. Without PyTorch netdef's figures stand alone.
"""

import importlib.util
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import click

_SHAPES = 16
"""Blobs that the parameters are spread over."""
_RULES = {
    "SGD": {"momentum": 0.9, "weight_decay": 5e-4},
    "Adam": {"momentum": 0.9, "momentum2": 0.999, "weight_decay": 5e-4},
}

Update = Callable[[int], object]


def netdef_update(rule: str, count: int) -> Update:
    """Return what updates ``count`` weights once by a rule of netdef's."""
    import numpy as np

    from netdef.device import CPU
    from netdef.infer import Param
    from netdef.proto import FillerParameter, SolverParameter
    from netdef.signature import Weight
    from netdef.solvers.update import Update as Updater
    from netdef.weights import Weights

    shape = (count // _SHAPES,)
    params = [
        Param(f"ip/{i}", f"ip/{i}", Weight("w", shape, FillerParameter()), 1.0, 1.0)
        for i in range(_SHAPES)
    ]
    weights = Weights(params, CPU)
    rng = np.random.default_rng(0)
    for arena in (weights.data, weights.grad):
        rng.standard_normal(out=arena, dtype="float32")
    updater = Updater(weights, SolverParameter(type=rule, **_RULES[rule]))
    return lambda iteration: updater.apply(1e-4, iteration)


def torch_update(rule: str, count: int, form: str) -> Update:
    """Return what updates as many weights once by the optimizer of the same name."""
    import torch

    fields = _RULES[rule]
    params = [torch.nn.Parameter(torch.randn(count // _SHAPES)) for _ in range(_SHAPES)]
    for p in params:
        p.grad = torch.randn_like(p)
    options: dict[str, Any] = {"lr": 1e-4, "weight_decay": fields["weight_decay"]}
    if form != "default":
        options[form] = True
    if rule == "SGD":
        optimizer: Any = torch.optim.SGD(params, momentum=fields["momentum"], **options)
    else:
        betas = fields["momentum"], fields["momentum2"]
        optimizer = torch.optim.Adam(params, betas=betas, **options)
    return lambda iteration: optimizer.step()


def sides(rule: str, count: int) -> dict[str, Update]:
    """Return netdef and, where it is installed, the forms of torch.optim."""
    found = {"netdef": netdef_update(rule, count)}
    if importlib.util.find_spec("torch"):
        for form in ("default", "foreach", "fused"):
            found[f"torch {form}"] = torch_update(rule, count, form)
    return found


def measure(updates: dict[str, Update], rounds: int) -> dict[str, float]:
    """Let the sides take turns; return the median milliseconds of an update of each."""
    taken: dict[str, list[float]] = {name: [] for name in updates}
    for iteration in range(rounds + 1):
        for name, update in updates.items():
            begin = time.perf_counter()
            update(iteration)
            if iteration:  # the first one warms up
                taken[name].append(1e3 * (time.perf_counter() - begin))
    return {name: median(times) for name, times in taken.items()}


@click.command()
@click.option("--count", default=60_000_000, show_default=True, help="Weights to update.")
@click.option("--rounds", default=15, show_default=True, help="Updates of each side.")
@click.option("--threads", default=os.cpu_count() or 1, show_default=True, help="Of each side.")
def main(count: int, rounds: int, threads: int) -> None:
    """Print the milliseconds of an update, and how many times as fast netdef is."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before NumPy and PyTorch are imported
    for rule in _RULES:
        medians = measure(sides(rule, count), rounds)
        for name, ms in medians.items():
            click.echo(f"{rule:<6}{name:<14}{ms:9.1f} ms")
        others = [ms for name, ms in medians.items() if name != "netdef"]
        if others:
            ratio = min(others) / medians["netdef"]
            click.echo(f"{rule:<6}fastest torch / netdef: {ratio:.2f} (above 1: netdef is faster)")


if __name__ == "__main__":
    main()

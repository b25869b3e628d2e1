"""``netdef test``: scores trained weights on a net's test data."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from netdef.tools import options
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    from netdef.net import Net
    from netdef.solvers.reporter import Output


@click.command("test", cls=options.Command)
@options.model
@options.weights(required=True, help="The weights; later files overwrite earlier ones.")
@options.iterations
@options.gpu()
@options.level
@options.stages()
@click.option(
    "--verbose",
    is_flag=True,
    help="Print the lines of each batch on a terminal too; in a pipe they are always there.",
)
@options.allow_python
def command(
    model: str,
    weights: list[str],
    iterations: int,
    gpu: int | None,
    level: int,
    stages: list[str],
    verbose: bool,
) -> None:
    """Score trained weights on a net's test data.

    Prints the outputs of each batch and their averages over all of them.
    """
    from netdef.net import Net
    from netdef.proto import TEST

    options.use_gpu(gpu)
    net = Net(model, phase=TEST, level=level, stages=stages, keep="outputs")
    for path in weights:
        click.echo(f"{path}: {net.copy_from(path)}", err=True)
    try:
        _score(net, iterations, prints_batches=verbose or not sys.stdout.isatty())
    finally:
        net.close()


def _score(net: "Net", iterations: int, prints_batches: bool) -> None:
    from netdef.solvers.testing import test

    with nullcontext() if prints_batches else progress_bar("test") as bar:

        def tell(batch: int, outputs: Sequence["Output"]) -> None:
            if prints_batches:
                _print_batch(batch, outputs)
            if bar:
                bar(batch + 1, iterations)

        outputs, loss = test(net, iterations, tell)
    _print_averages(outputs, loss)


def _print_batch(batch: int, outputs: Sequence["Output"]) -> None:
    for output in outputs:
        click.echo(f"Batch {batch}, {output.name} = {output.value:.6g}")


def _print_averages(outputs: Sequence["Output"], loss: float) -> None:
    click.echo(f"Loss: {loss:.6g}")
    for output in outputs:
        weighted = output.loss_weight * output.value
        share = f" (* {output.loss_weight:g} = {weighted:.6g} loss)" if output.loss_weight else ""
        click.echo(f"{output.name} = {output.value:.6g}{share}")

"""``netdef time``: how long each layer's forward and backward pass take."""

from time import perf_counter
from typing import TYPE_CHECKING

import click

from netdef.tools import device_options, options
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    from netdef.net import Net
    from netdef.timing import NetTimes


@click.command("time", cls=options.Command)
@options.model
@options.phase(default="TRAIN")
@options.level
@options.stages()
@options.iterations
@device_options.gpu
@click.option("--table", "is_table", is_flag=True, help="Print a table, slowest layer first.")
@options.allow_python
def command(
    model: str,
    phase: str,
    level: int,
    stages: list[str],
    iterations: int,
    gpu: int | None,
    is_table: bool,
) -> None:
    """Measure each layer's forward and backward pass, in milliseconds.

    Two passes that are not counted come first. The whole net is timed on its own, as
    training runs it, so its time is not the sum of the layers'. In the phase TEST there is
    no pass backward. On a GPU it is also printed how many CUDA graphs the whole net runs as.
    """
    from netdef.net import Net
    from netdef.showing import show_graphs
    from netdef.timing import measure

    device_options.use_gpu(gpu)
    number = options.phase_number(phase)
    start = perf_counter()
    net = Net(model, number, level=level, stages=stages, keep="outputs")
    net.reshape()
    prepared = 1000 * (perf_counter() - start)
    with progress_bar("time") as tell:
        times = measure(net, iterations, tell)
    net.close()
    if is_table:
        _print_table(net, times)
    else:
        _print_layers(net, times)
    _print_totals(times)
    graphs = show_graphs(net.plan)
    if graphs:
        click.echo(graphs)
    click.echo(f"Preparation: {prepared:.4g} ms, once: reading, planning and compiling.")


def _print_layers(net: "Net", times: "NetTimes") -> None:
    click.echo("Average time per layer:")
    width = max(map(len, net.layer_names))
    layers = zip(net.layer_names, times.layers_forward, times.layers_backward, strict=True)
    for name, forward, backward in layers:
        for title, taken in (("forward", forward), ("backward", backward)):
            click.echo(
                f"{name:>{width}}  {title}: {taken.mean:.4g} ms. (median {taken.median:.4g} ms)"
            )


def _print_table(net: "Net", times: "NetTimes") -> None:
    from netdef.table import table

    layers = zip(
        net.layer_names, net.layer_types, times.layers_forward, times.layers_backward, strict=True
    )
    rows = [
        (n, kind, f.mean, b.mean, f.mean + b.mean, f.median + b.median) for n, kind, f, b in layers
    ]
    rows.sort(key=lambda row: -row[4])
    sums = [sum(row[i] for row in rows) for i in (2, 3, 4, 5)]  # type: ignore[misc]
    head = ("layer", "type", "forward ms", "backward ms", "both ms", "median ms")
    click.echo(table(head, rows, ("sum", "", *sums)))


def _print_totals(times: "NetTimes") -> None:
    for title, taken in (
        ("Forward pass", times.forward),
        ("Backward pass", times.backward),
        ("Forward-Backward", times.both),
    ):
        click.echo(f"Average {title}: {taken.mean:.4g} ms. (median {taken.median:.4g} ms)")
    click.echo(f"Total Time: {sum(times.both.runs):.4g} ms.")

"""Pictures of runs, schedules and sweeps, drawn by matplotlib."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from netdef.errors import cannot_write
from netdef.plotting import new_figure, save_figure
from netdef.solvers.curves import Curves
from netdef.solvers.lr_search import Sweep

_COLORS = 10
"""In matplotlib's cycle, ``C0`` to ``C9``."""


def draw_runs(runs: Sequence[Curves], path: str | Path) -> None:
    """Draw the losses of some runs, their other test outputs and their rates, one below another.

    Raises:
        ConfigError: the picture's ending is unknown.
        RunError: matplotlib is not installed, or the file cannot be written.
    """
    panels = [_draw_losses]
    panels += [_draw_scores] if any(_scores(run) for run in runs) else []
    panels += [_draw_rates_of_runs] if any(run.rates for run in runs) else []
    figure = _figure(path, 2.6 * len(panels))
    axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for draw, axis in zip(panels, axes, strict=True):
        draw(axis, runs)
        axis.grid(alpha=0.3)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize="small")
    axes[-1].set_xlabel("iteration")
    save_figure(figure, path)


def draw_rates(rates: Sequence[float], first: int, title: str, path: str | Path) -> None:
    """Draw the learning rate of each iteration from ``first`` on."""
    figure = _figure(path, 3.4)
    axis = figure.subplots()
    axis.plot(range(first, first + len(rates)), rates)
    axis.set(xlabel="iteration", ylabel="learning rate", title=title)
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    save_figure(figure, path)


def draw_sweep(sweep: Sweep, path: str | Path) -> None:
    """Draw the loss over the rate, and the rate that is suggested."""
    figure = _figure(path, 3.8)
    axis = figure.subplots()
    axis.plot(sweep.rates, sweep.losses, color="C0", alpha=0.3, label="loss")
    axis.plot(sweep.rates, sweep.smoothed, color="C0", label="smoothed")
    if sweep.suggestion is not None:
        label = f"suggested: {sweep.suggestion:.2g}"
        axis.axvline(sweep.suggestion, color="C3", linestyle="--", label=label)
    axis.set(xscale="log", xlabel="learning rate", ylabel="loss")
    # What grew without bound would press the rest together.
    low, high = min(sweep.losses), max(sweep.smoothed[: len(sweep.losses) // 2 + 1])
    spread = (high - low) or 1.0
    axis.set_ylim(low - 0.1 * spread, high + 0.5 * spread)
    axis.grid(alpha=0.3)
    axis.legend(fontsize="small")
    save_figure(figure, path)


def _draw_losses(axis: Any, runs: Sequence[Curves]) -> None:
    for number, run in enumerate(runs):
        color = f"C{number % _COLORS}"
        points = [(row.iteration, row.loss) for row in run.train if row.loss is not None]
        axis.plot(*_columns(points), color=color, linewidth=1, label=f"{run.name}: training")
        for net, name in _test_outputs(run):
            if _is_loss(run, name):
                label = f"{run.name}: test {_named(run, net, name)}"
                axis.plot(*_points(run, net, name), "--o", color=color, markersize=3, label=label)
    axis.set_ylabel("loss")


def _draw_scores(axis: Any, runs: Sequence[Curves]) -> None:
    drawn = 0
    for run in runs:
        for net, name in _scores(run):
            label = f"{run.name}: {_named(run, net, name)}"
            color = f"C{drawn % _COLORS}"
            axis.plot(*_points(run, net, name), "-o", color=color, markersize=3, label=label)
            drawn += 1
    axis.set_ylabel("test outputs")


def _draw_rates_of_runs(axis: Any, runs: Sequence[Curves]) -> None:
    for number, run in enumerate(runs):
        points = sorted(run.rates.items())
        axis.plot(*_columns(points), color=f"C{number % _COLORS}", label=run.name)
    if all(rate > 0 for run in runs for rate in run.rates.values()):
        axis.set_yscale("log")
    axis.set_ylabel("learning rate")


def _test_outputs(run: Curves) -> list[tuple[int, str]]:
    found = ((net, name) for net, rows in run.tests.items() for row in rows for name in row.outputs)
    return list(dict.fromkeys(found))


def _scores(run: Curves) -> list[tuple[int, str]]:
    return [(net, name) for net, name in _test_outputs(run) if not _is_loss(run, name)]


def _is_loss(run: Curves, name: str) -> bool:
    return "loss" in name.casefold() or any(name in row.outputs for row in run.train)


def _named(run: Curves, net: int, name: str) -> str:
    return f"{name} of net #{net}" if len(run.tests) > 1 else name


def _points(run: Curves, net: int, name: str) -> tuple[list[float], list[float]]:
    rows = (row for row in run.tests[net] if name in row.outputs)
    return _columns((row.iteration, row.outputs[name]) for row in rows)


def _columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    both = list(points)
    return [x for x, _ in both], [y for _, y in both]


def check_picture(path: str | Path) -> None:
    """See, before something long, whether a picture can be drawn.

    Raises:
        ConfigError: its ending is unknown.
        RunError: matplotlib is not installed, or there is no such folder.
    """
    _figure(path, 1)
    if not Path(path).parent.is_dir():
        raise cannot_write(path, FileNotFoundError())


def _figure(path: str | Path, height: float) -> Any:
    """Return an empty picture, ``height`` inches high."""
    return new_figure(path, 8, height)

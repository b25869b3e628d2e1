"""Print how long training on a GPU waits for its input from an LMDB of raw pixels.

Random images are written as uint8, a little larger than the net sees them; training crops,
mirrors and subtracts a mean. The same net on a batch that lies on the GPU already takes turns
with it. `busy` is that step's time over that of the step with data: the share of the time in
which the GPU has work. `waits` is the share in which the training's thread waits for a batch.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import click
from comparison import nets_named
from contenders import Task, solver_of, use_gpu
from data import write_raw
from data_wait import Watch
from device_choice import device_option

from netdef.errors import NetdefError
from netdef.prototxt import NetText, parse_net
from netdef.table import table

_SIDES = {28: 32, 32: 40, 224: 256, 227: 256}
"""The side of the images in the LMDB, by that of the part which a net sees."""
_LAYER = """layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "%s" batch_size: %d backend: LMDB }
  transform_param { crop_size: %d mirror: true mean_value: 117 } }"""


@dataclass(frozen=True)
class Turns:
    """Seconds of a step in each turn: with data, of that waiting for it, and with none to get."""

    steps: list[float]
    waits: list[float]
    plain: list[float]

    @property
    def busy(self) -> float:
        """The share of the time of a step with data in which the device has work."""
        return median(p / s for p, s in zip(self.plain, self.steps, strict=True))

    @property
    def waiting(self) -> float:
        """The share of it in which the training's thread waits for a batch."""
        return median(w / s for w, s in zip(self.waits, self.steps, strict=True))


def from_lmdb(task: Task, folder: Path, images: int) -> NetText:
    """Write an LMDB for a net; return the net, with a layer that reads it for its inputs."""
    text = task.text()
    inputs = [layer for layer in text.net.layer if layer.type == "Input"]
    batch, channels, _, side = inputs[0].input_param.shape[0].dim
    raw = _SIDES[side]
    path = write_raw(folder, images, (channels, raw, raw))
    data = parse_net(_LAYER % (path, batch, side), "data.prototxt").net.layer[0]
    layers = [data, *(layer for layer in text.net.layer if layer.type != "Input")]
    del text.net.layer[:]
    text.net.layer.extend(layers)
    return NetText(text.net, text.path, (0,) * len(layers))


def take_turns(trained: Any, plain: Any, rounds: int, steps: int) -> Turns:
    """Let a solver that reads data and one that does not take turns."""
    watch = Watch(trained.net.sources["data"])

    def seconds(solver: Any) -> float:
        begun = perf_counter()
        solver.step(steps)
        solver.net.device.wait()
        return (perf_counter() - begun) / steps

    found = Turns([], [], [])
    for turn in range(1 + rounds):
        watch.seconds = 0.0
        whole, waited, other = seconds(trained), watch.seconds / steps, seconds(plain)
        if turn > 0:  # the first one warms up
            found.steps.append(whole)
            found.waits.append(waited)
            found.plain.append(other)
    return found


def measure(task: Task, images: int, rounds: int, steps: int) -> tuple[object, ...]:
    """Return a row of the table for one net."""
    with TemporaryDirectory() as folder:
        text = from_lmdb(task, Path(folder), images)
        trained, plain = (solver_of(t, task.precision) for t in (text, task.text()))
        with closing(trained.net), closing(plain.net):
            found = take_turns(trained, plain, rounds, steps)
    whole, alone = median(found.steps), median(found.plain)
    return (
        f"{Path(task.path).stem} ({task.images})",
        *(1e3 * whole, 1e3 * alone, f"{found.busy:.1%}", f"{found.waiting:.1%}"),
        round(task.images / whole),
    )


@click.command(help=__doc__)
@click.option("--nets", default="cifar10_quick,alexnet", show_default=True, help="Of nets/.")
@click.option("--precision", default="f32", show_default=True)
@click.option("--batch", default=256, show_default=True, help="Images a batch.")
@click.option("--images", default=4096, show_default=True, help="Records of the LMDB.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--steps", default=50, show_default=True, help="Steps of a turn.")
@device_option()
def main(
    nets: str, precision: str, batch: int, images: int, rounds: int, steps: int, gpu: int | None
) -> None:
    """Measure each net, and print medians over the rounds."""
    try:
        if gpu is not None:
            use_gpu(gpu, precision)
        rows = [
            measure(Task(str(path), batch, precision=precision, gpu=gpu), images, rounds, steps)
            for path in nets_named(nets)
        ]
    except NetdefError as error:
        raise click.ClickException(str(error)) from error
    head = ("net (batch)", "step ms", "without data ms", "busy", "waits", "images/s")
    print(table(head, rows))


if __name__ == "__main__":
    main()

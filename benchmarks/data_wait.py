"""Print how long a training of SqueezeNet on photos waits for its data.

Photos from a folder of class folders become random parts of 227 x 227 pixels while the net
trains. The same net on data that are there already takes turns with it, so the difference is
what reading, decoding and resizing cost in all, waiting included.
"""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click
import cv2

from netdef import get_solver
from netdef.data.image_folder import read_image_folder
from netdef.data.source import Source
from netdef.errors import NetdefError

HERE = Path(__file__).resolve().parent
PHOTOS = HERE.parents[1] / "shared" / "data" / "flowers" / "train"
CROP = 227
SOLVER = """
net: "NET" base_lr: 0.0001 momentum: 0.9 weight_decay: 0.0002 lr_policy: "fixed" max_iter: 1000000
solver_mode: CPU random_seed: 1 snapshot_after_train: false
"""
FOLDER = """layer { name: "data" type: "Folder" top: "data" top: "label"
  folder_param { source: "PHOTOS" batch_size: BATCH shuffle: true }
  transform_param { crop_size: CROP min_crop_area: 0.08 mirror: true
    mean_value: 104 mean_value: 117 mean_value: 123 } }"""
MADE_UP = """layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: BATCH dim: 3 dim: CROP dim: CROP } shape { dim: BATCH }
  data_filler { type: "constant" value: 1 } data_filler { type: "constant" } } }"""


def write_enlarged(photos: Path, side: int, out: Path) -> None:
    """Write photos again, their longer sides ``side`` pixels long."""
    for name, _ in read_image_folder(photos).images:
        image = cv2.imread(str(photos / name))
        scale = side / max(image.shape[:2])
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(out / name), cv2.resize(image, None, fx=scale, fy=scale))


def make_solver(folder: Path, data: str, **values: object) -> Any:
    """Return a solver that trains SqueezeNet on a data layer."""
    for name, value in values.items():
        data = data.replace(name, str(value))
    text = (HERE / "nets" / "squeezenet.prototxt").read_text()
    body = text[text.index('layer {\n  name: "conv1"') :]
    net = folder / f"{len(list(folder.iterdir()))}.prototxt"
    net.write_text(f"{data}\n{body}")
    solver = net.with_suffix(".solver")
    solver.write_text(SOLVER.replace("NET", str(net)))
    return get_solver(str(solver))


class Watch:
    """Adds up how long a source lets its net wait."""

    def __init__(self, source: Source) -> None:
        self._next, self.seconds = source.next, 0.0
        source.next = self._timed  # type: ignore[method-assign]

    def _timed(self) -> Any:
        begun = time.perf_counter()
        batch = self._next()
        self.seconds += time.perf_counter() - begun
        return batch


def seconds_of(run: Callable[[], object], times: int) -> float:
    """Return how long a run takes, on average of so many."""
    begun = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - begun) / times


@click.command(help=__doc__)
@click.option("--photos", type=Path, default=PHOTOS, help="A folder of class folders.")
@click.option("--side", default=500, show_default=True, help="Longer side to enlarge them to; 0.")
@click.option("--batch", default=32, show_default=True, help="Photos of a step.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each side.")
@click.option("--steps", default=4, show_default=True, help="Steps of a turn.")
def main(photos: Path, side: int, batch: int, rounds: int, steps: int) -> None:
    """Measure, and print medians over the rounds."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            if side:
                write_enlarged(photos, side, folder / "photos")
                photos = folder / "photos"
            values = {"PHOTOS": photos, "BATCH": batch, "CROP": CROP}
            trained, made_up = (make_solver(folder, d, **values) for d in (FOLDER, MADE_UP))
        except NetdefError as error:
            raise click.ClickException(str(error)) from error
        with closing(trained.net), closing(made_up.net):
            measure(trained, made_up, batch, rounds, steps)


def measure(trained: Any, made_up: Any, batch: int, rounds: int, steps: int) -> None:
    """Let both nets take turns, then let the data run alone."""
    source = trained.net.sources["data"]
    for solver in (trained, made_up):
        solver.step(2)
    watch = Watch(source)
    waits, whole, plain = [], [], []
    for _ in range(rounds):
        watch.seconds = 0.0
        whole.append(seconds_of(lambda: trained.step(1), steps))
        waits.append(watch.seconds / steps / whole[-1])
        plain.append(seconds_of(lambda: made_up.step(1), steps))
    alone = seconds_of(source.next, 2 * rounds * steps) / batch
    ratio = median(a / b for a, b in zip(whole, plain, strict=True))
    print(f"step of {batch}: {1000 * median(whole):,.0f} ms, waits {median(waits):.1%} of it")
    print(f"on data that are there: {1000 * median(plain):,.0f} ms, ratio {ratio:.2f}")
    print(f"data alone: {1000 * alone:.2f} ms a photo, {1 / alone:,.0f} photos/s")


if __name__ == "__main__":
    main()

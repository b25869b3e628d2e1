"""How much faster fine-tuning is with all but the head frozen, and how much it should be.

    python benchmarks/freezing.py --net squeezenet_v1.1 --batch 16

What the skipped backward pass promises is counted: multiply-adds of a step that learns all over
those of one that learns the head alone. What it gives is timed, step by step in turns.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from netdef import TRAIN, Net
from netdef.class_folders import LabelledPictures
from netdef.classifier_body import Body, body_of
from netdef.counting import multiply_adds
from netdef.finetuning import Recipe, new_net
from netdef.finetuning_solver import training_net
from netdef.pictures import PictureFile, PictureFiles
from netdef.preprocessing import Preprocessing
from netdef.prototxt import net_text, read_net

CLASSES = 5
_WARM_UP = 3


def main() -> None:
    """Read the arguments, count, time, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--net", default="squeezenet_v1.1", help="a classifier of the zoo")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=15)
    arguments = parser.parse_args()
    body = body_of(read_net(f"zoo:{arguments.net}"))
    others = [name for name in body.params if body.params[name] and name != body.head]
    with TemporaryDirectory() as folder:
        nets = [_training(body, Path(folder), arguments.batch, frozen) for frozen in ([], others)]
        counts = [_count(net) for net in nets]
        times = _in_turns([_step(net) for net in nets], arguments.steps)
        for net in nets:
            net.close()
    for words, count, milliseconds in zip(("all", "head"), counts, times, strict=True):
        print(f"{words:5} learns: {count / 1e9:8.2f} G multiply-adds {milliseconds:8.1f} ms a step")
    print(f"promised {counts[0] / counts[1]:.2f} times faster, measured {times[0] / times[1]:.2f}")


def _training(body: Body, folder: Path, batch: int, frozen: list[str]) -> Net:
    """Return the net that fine-tuning trains, on a picture of noise."""
    import cv2

    side = body.shape[1]
    path = str(folder / "noise.png")
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    cv2.imwrite(path, noise)
    files = PictureFiles([PictureFile("noise", path, i % CLASSES) for i in range(4 * batch)])
    (folder / "train.txt").write_text("".join(f"{path} {f.label}\n" for f in files.files))
    found = LabelledPictures([str(i) for i in range(CLASSES)], files, files)
    how = Preprocessing((side, side), (side, side))
    net = training_net(
        new_net(body, CLASSES, Recipe(frozen=frozen)), body, folder, found, how, batch
    )
    return Net(net_text(net, "train_val.prototxt"), TRAIN, keep="outputs")


def _count(net: Net) -> int:
    return sum(map(multiply_adds, (*net.plan.forward, *net.plan.backward)))


def _step(net: Net) -> Callable[[], None]:
    def step() -> None:
        net.clear_param_diffs()
        net.forward()
        net.backward()

    return step


def _in_turns(steps: list[Callable[[], None]], rounds: int) -> list[float]:
    """Return the median of each step's times, in ms."""
    times: list[list[float]] = [[] for _ in steps]
    for turn in range(_WARM_UP + rounds):
        for kept, step in zip(times, steps, strict=True):
            start = time.perf_counter()
            step()
            if turn >= _WARM_UP:
                kept.append(1000 * (time.perf_counter() - start))
    return [median(kept) for kept in times]


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

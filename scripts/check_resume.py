"""Kill a training, go on from its snapshot, and hold the end against a run that was not killed.

    python scripts/check_resume.py --gpu 0

Both runs begin from the same seed, in processes of their own, on made-up images in an LMDB. The
second is killed, without a word of warning, when its first snapshot is there; another process
goes on. Weights and state must then be the same to the byte. The net has what may give other
numbers from run to run: convolution, batch normalization, pooling, dropout, rows of a table
that are added to from several places, random crops and mirrors.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

_PIXELS, _CROP, _RECORDS = 20, 16, 512
_NET = """
name: "resumed"
layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "images" batch_size: 32 backend: LMDB }
  transform_param { crop_size: 16 mirror: true mean_value: 117 scale: 0.0078125 } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 16 kernel_size: 3 pad: 1 weight_filler { type: "msra" } } }
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" }
layer { name: "scale1" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param { num_output: 16 kernel_size: 3 pad: 1 group: 2
    weight_filler { type: "msra" } } }
layer { name: "norm2" type: "LRN" bottom: "conv2" top: "norm2" }
layer { name: "pool2" type: "Pooling" bottom: "norm2" top: "pool2"
  pooling_param { pool: AVE kernel_size: 3 stride: 2 } }
layer { name: "embed" type: "Embed" bottom: "label" top: "embed"
  embed_param { input_dim: 10 num_output: 24 weight_filler { type: "xavier" } } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1"
  inner_product_param { num_output: 24 weight_filler { type: "xavier" } } }
layer { name: "both" type: "Eltwise" bottom: "ip1" bottom: "embed" top: "both" }
layer { name: "drop" type: "Dropout" bottom: "both" top: "both" }
layer { name: "ip2" type: "InnerProduct" bottom: "both" top: "ip2"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
"""
_SOLVER = """
net: "net.prototxt" base_lr: 0.01 momentum: 0.9 weight_decay: 0.0005 lr_policy: "fixed"
max_iter: %d snapshot: %d snapshot_prefix: "run" random_seed: 7
"""


def write_run(folder: Path, iterations: int) -> None:
    """Write a net, a solver and the data into a folder."""
    from netdef.data.datum import encode
    from netdef.data.lmdb_writer import LmdbWriter

    (folder / "net.prototxt").write_text(_NET)
    (folder / "solver.prototxt").write_text(_SOLVER % (iterations, iterations // 4))
    random = np.random.default_rng(0)
    with LmdbWriter(folder / "images") as database:
        for number in range(_RECORDS):
            image = random.integers(0, 256, (3, _PIXELS, _PIXELS), np.uint8)
            database.put(b"%08d" % number, encode(image, number % 10))


def train(folder: Path, options: list[str]) -> "subprocess.Popen[bytes]":
    """Start a training in a folder."""
    command = [sys.executable, "-m", "netdef", "train", "--solver", "solver.prototxt", *options]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def wait_for(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait for a training's end.

    Raises:
        ClickException: it failed; with the end of its log.
    """
    if process.wait() != 0:
        lines = (folder / "log").read_text(errors="replace").splitlines()
        raise click.ClickException("\n".join(["the training failed:", *lines[-15:]]))


def kill_at(process: "subprocess.Popen[bytes]", snapshot: Path, folder: Path) -> None:
    """Kill a training as soon as a snapshot is there.

    Raises:
        ClickException: it ended before.
    """
    while not snapshot.exists():
        if process.poll() is not None:
            wait_for(process, folder)
            raise click.ClickException(f"the training ended without {snapshot.name}")
        time.sleep(0.001)
    process.kill()
    if process.wait() != -signal.SIGKILL:
        raise click.ClickException("the training ended before it was killed: give more iterations")


@click.command(help=__doc__)
@click.option("--gpu", metavar="N", help="Train on GPU N; on the CPU without it.")
@click.option("--iterations", default=2000, show_default=True, help="Of each run.")
@click.option("--option", "options", multiple=True, help="Hand on to netdef train; repeatable.")
def main(gpu: str | None, iterations: int, options: tuple[str, ...]) -> None:
    """Run both, and compare their last snapshots."""
    given = [*options, *(["--gpu", gpu, "--deterministic"] if gpu is not None else [])]
    with TemporaryDirectory() as name:
        unbroken, killed = folders = [Path(name) / kind for kind in ("unbroken", "killed")]
        for folder in folders:
            folder.mkdir()
            write_run(folder, iterations)
        wait_for(train(unbroken, given), unbroken)
        first = killed / f"run_iter_{iterations // 4}.solverstate"
        kill_at(train(killed, given), first, killed)
        reached = sorted(p.name for p in killed.glob("*.solverstate"))
        click.echo(f"killed when there was {', '.join(reached)}")
        wait_for(train(killed, [*given, "--snapshot", "auto"]), killed)
        for kind in ("caffemodel", "solverstate"):
            ends = [(f / f"run_iter_{iterations}.{kind}").read_bytes() for f in folders]
            if ends[0] != ends[1]:
                raise click.ClickException(f"the {kind} of the resumed run differs")
    click.echo(f"the same bytes after {iterations} iterations, resumed and unbroken")


if __name__ == "__main__":
    main()

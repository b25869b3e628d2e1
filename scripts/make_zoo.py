"""Write the nets of model_zoo/: ``python scripts/make_zoo.py``.

``tests/model_zoo/test_made_nets.py`` checks that what is committed is current.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import make_zoo_inception as inception
import make_zoo_mobile as mobile
import make_zoo_pixels as pixels
import make_zoo_plain as plain
import make_zoo_residual as residual
import make_zoo_small as small
from make_zoo_boxes import ssd300
from make_zoo_solvers import SOLVERS, solver_text
from make_zoo_writer import ZooWriter

ROOT = Path(__file__).resolve().parents[1]
ZOO = ROOT / "model_zoo"
_CONFIG = ROOT / "configs" / "char_lstm"

NETS: dict[str, Callable[[ZooWriter], None]] = {
    "alexnet": plain.alexnet,
    "autoencoder_mnist": small.autoencoder_mnist,
    "caffenet": plain.caffenet,
    "cifar10_full": small.cifar10_full,
    "cifar10_quick": small.cifar10_quick,
    "densenet121": residual.densenet121,
    "fcn32s": pixels.fcn32s,
    "fcn8s": pixels.fcn8s,
    "googlenet": inception.googlenet,
    "inception_v3": inception.inception_v3,
    "lenet": small.lenet,
    "mobilenet_v1": mobile.mobilenet_v1,
    "mobilenet_v2": mobile.mobilenet_v2,
    "nin": plain.nin,
    "resnet101": residual.resnet101,
    "resnet152": residual.resnet152,
    "resnet18": residual.resnet18,
    "resnet34": residual.resnet34,
    "resnet50": residual.resnet50,
    "se_resnet50": residual.se_resnet50,
    "segnet": pixels.segnet,
    "shufflenet": mobile.shufflenet,
    "siamese_mnist": small.siamese_mnist,
    "squeezenet_v1.0": plain.squeezenet_v1_0,
    "squeezenet_v1.1": plain.squeezenet_v1_1,
    "ssd300": ssd300,
    "unet": pixels.unet,
    "vgg16": plain.vgg16,
    "vgg19": plain.vgg19,
}


def files() -> Iterator[tuple[Path, str]]:
    """Yield every file of the zoo's nets, and what belongs into it."""
    for name, write in NETS.items():
        yield ZOO / name / "deploy.prototxt", _net_text(name, write, trains=False)
        if name in SOLVERS:
            yield ZOO / name / "train_val.prototxt", _net_text(name, write, trains=True)
            yield ZOO / name / "solver.prototxt", solver_text(name)
    yield from _char_lstm()


def _net_text(name: str, write: Callable[[ZooWriter], None], *, trains: bool) -> str:
    net = ZooWriter(name, trains=trains)
    write(net)
    return f"# {write.__doc__}\n# Written by scripts/make_zoo.py: change it there.\n\n{net}"


def _char_lstm() -> Iterator[tuple[Path, str]]:
    """Yield the files of configs/char_lstm under the names that the zoo gives them."""
    for old, new in (("train_test", "train_val"), ("deploy", "deploy"), ("solver", "solver")):
        text = (_CONFIG / f"char_lstm_{old}.prototxt").read_text(encoding="utf-8")
        text = text.replace("configs/char_lstm/char_lstm_", "model_zoo/char_lstm/")
        text = text.replace('net: "model_zoo/char_lstm/', 'net: "')
        text = text.replace("train_test.prototxt", "train_val.prototxt")
        text = text.replace(
            "The net of char_lstm_train_val.prototxt for use:", "An LSTM that writes:"
        )
        yield ZOO / "char_lstm" / f"{new}.prototxt", text


def main() -> None:
    """Write every file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for path, text in files():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()

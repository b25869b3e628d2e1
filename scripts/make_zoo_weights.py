"""Train the weights that come with the package: ``python scripts/make_zoo_weights.py lenet``.

They are what configs/ trains, two to four minutes on one core of a CPU; from the root of a
checkout, with the four files of MNIST in DIR:

    netdef convert mnist DIR examples/mnist
    python scripts/make_zoo_weights.py lenet
    netdef convert text tinyshakespeare.txt examples/char_lstm
    python scripts/make_zoo_weights.py char_lstm

Another run has other numbers: about 99.1 % of the test digits, and 2.15 bits a character.
"""

import argparse
import shutil
from pathlib import Path

import netdef

_ROOT = Path(__file__).resolve().parents[1]
_CONFIGS = {"lenet": "mnist/lenet", "char_lstm": "char_lstm/char_lstm"}


def main() -> None:
    """Train a net and copy its weights, and the vocabulary of one that writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("net", choices=_CONFIGS)
    name = parser.parse_args().net
    solver = netdef.get_solver(f"configs/{_CONFIGS[name]}_solver.prototxt")
    solver.solve()
    snapshot = Path(f"{solver.param.snapshot_prefix}_iter_{solver.iter}.caffemodel")
    folder = _ROOT / "model_zoo" / name
    shutil.copyfile(snapshot, folder / f"{name}.caffemodel")
    vocabulary = snapshot.with_name("vocabulary.json")
    if vocabulary.exists():
        shutil.copyfile(vocabulary, folder / vocabulary.name)


if __name__ == "__main__":
    main()

"""Write text as a trained recurrent net of characters would go on.

    python scripts/sample_text.py --weights examples/char_lstm/char_lstm_iter_4000.caffemodel

The net reads ``--start`` character by character, then each character that was drawn from its
own ``prob``. A ``--temperature`` below 1 makes it bolder in what it thinks likely.
"""

import argparse
import sys
from collections.abc import Iterator

import numpy as np

import netdef
from netdef.data.convert_text import read_vocabulary
from netdef.errors import ConfigError, NetdefError


def sample(
    net: netdef.Net, start: str, characters: tuple[str, ...], temperature: float, seed: int
) -> Iterator[str]:
    """Yield one character after the other, without end.

    Raises:
        ConfigError: a character of ``start`` is none of the vocabulary's, or the net has
            another number of them.
    """
    if net.blobs["prob"].shape[-1] != len(characters):
        raise ConfigError(
            f"the net knows {net.blobs['prob'].shape[-1]} characters, the vocabulary"
            f" {len(characters)}; take the one it was trained with"
        )
    strange = sorted(set(start) - set(characters))
    if strange:
        raise ConfigError(f"the net was trained without the character {strange[0]!r}; leave it out")
    random = np.random.default_rng(seed)
    cont = 0
    for character in start:
        prob = _next(net, characters.index(character), cont)
        cont = 1
    while True:
        number = _draw(prob, temperature, random)
        yield characters[number]
        prob = _next(net, number, cont)


def _next(net: netdef.Net, number: int, cont: int) -> np.ndarray:
    found: np.ndarray = net.forward(data=[[number]], cont=[[cont]])["prob"]
    return found.reshape(-1).astype(np.float64)


def _draw(prob: np.ndarray, temperature: float, random: np.random.Generator) -> int:
    sharp = (prob / prob.max()) ** (1 / temperature)
    return int(random.choice(len(sharp), p=sharp / sharp.sum()))


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", required=True, help="a .caffemodel")
    parser.add_argument("--model", default="configs/char_lstm/char_lstm_deploy.prototxt")
    parser.add_argument("--vocabulary", default="examples/char_lstm/vocabulary.json")
    parser.add_argument("--start", default="\n", help="what the text begins with")
    parser.add_argument("--length", type=int, default=1000, help="characters to write")
    parser.add_argument("--temperature", type=float, default=0.8, help="more than 0")
    parser.add_argument("--seed", type=int, default=0, help="another one, another text")
    given = parser.parse_args()
    if given.temperature <= 0 or not given.start:
        parser.error("--temperature must be more than 0, and --start not empty")
    try:
        netdef.set_mode_cpu()
        net = netdef.Net(given.model, netdef.TEST, weights=given.weights, keep="outputs")
        characters = read_vocabulary(given.vocabulary)
        text = sample(net, given.start, characters, given.temperature, given.seed)
        sys.stdout.write(given.start)
        for _ in range(given.length):
            sys.stdout.write(next(text))
    except NetdefError as error:
        sys.exit(f"sample_text: {error}")
    print()


if __name__ == "__main__":
    main()

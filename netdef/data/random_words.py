"""Random numbers that are looked up, not drawn: the same whoever asks, and in what order."""

from zlib import crc32

import numpy as np

_WORD = 2**64 - 1


def random_words(seed: int, stream: str, first: int, count: int) -> np.ndarray:
    """Return the words of the records ``first`` to ``first + count - 1`` of a stream.

    Record i gets block i of Philox4x64, keyed by the seed and the stream's name (Salmon et
    al., Parallel random numbers: as easy as 1, 2, 3, 2011).

    Shapes:
        words: ``(count, 4)`` uint64.
    """
    key = np.array([seed & _WORD, crc32(stream.encode())], np.uint64)
    philox = np.random.Philox(key=key, counter=first)
    return philox.random_raw(4 * count).reshape(count, 4)


def permutation(seed: int, stream: str, count: int) -> np.ndarray:
    """Return the numbers below ``count`` in an order that seed and stream decide.

    Sorted by their random words, so no release of NumPy can change the order.
    """
    words = random_words(seed, stream, 0, -(-count // 4)).ravel()[:count]
    return np.argsort(words, kind="stable")

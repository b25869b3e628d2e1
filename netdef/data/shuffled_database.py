"""A database whose records come in a new random order every round."""

from functools import cached_property, lru_cache

import numpy as np

from netdef.data.database import Database
from netdef.data.lmdb_reader import View, another_database
from netdef.data.random_words import permutation


class ShuffledDatabase:
    """The records of a database, each once a round, in orders that ``seed`` and ``stream`` decide.

    Only the keys are kept in memory; each record is looked up by its key.
    """

    def __init__(self, database: Database, seed: int, stream: str) -> None:
        self._database, self._seed, self._stream = database, seed, stream
        self.path, self.entries = database.path, database.entries
        # Two rounds may meet in a batch.
        self._order = lru_cache(maxsize=2)(self._round)

    def views(self, first: int, count: int) -> list[tuple[View, View]]:
        """Return ``count`` records from the place ``first`` of the first round on."""
        keys = [self._key(first + i) for i in range(count)]
        return [(key, self._database.view(key)) for key in keys]

    def go_behind(self, record: bytes, number: int) -> None:
        """See that ``views(number, ...)`` goes on behind the record of that key.

        Raises:
            DataError: it does not: it is another database.
        """
        if self._key(number - 1) != record:
            raise another_database(self.path, record)

    def close(self) -> None:
        """Let the database go; may be called twice."""
        self._database.close()

    @cached_property
    def _keys(self) -> list[bytes]:
        return self._database.keys()

    def _key(self, position: int) -> bytes:
        number, place = divmod(position, self.entries)
        return self._keys[int(self._order(number)[place])]

    def _round(self, number: int) -> np.ndarray:
        return permutation(self._seed, f"{self._stream} {number}", self.entries)

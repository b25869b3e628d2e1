"""The open data sources of a net."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from netdef.data.share import share_of
from netdef.data.source import Source
from netdef.device import CPU, Device
from netdef.errors import ConfigError
from netdef.feeding import send_ahead
from netdef.graph import Graph
from netdef.layer import DataLayer


class DataSize(NamedTuple):
    """The records of a pass over a net's data, and of a batch."""

    records: int
    batch: int


class Sources(Mapping[str, Source]):
    """The data sources of a net by the names of their layers, opened when first read.

    Those of a net on a GPU send their batches there as soon as they are made.
    """

    def __init__(self, graph: Graph, seed: int, device: Device = CPU) -> None:
        self._nodes = {n.name: n for n in graph.nodes if isinstance(n.layer, DataLayer)}
        self._open: dict[str, Source] = {}
        self._share: tuple[int, int] | None = None
        self._seed, self._device = seed, device

    def __getitem__(self, name: str) -> Source:
        if name not in self._open:
            node = self._nodes[name]
            assert isinstance(node.layer, DataLayer)
            source = node.layer.open(node.tops, self._seed)
            with self._device.made_current():
                send_ahead(source, self._device)
            self._open[name] = source if self._share is None else share_of(source, *self._share)
        return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def size(self) -> DataSize:
        """Return how many records a pass over the data has, and a batch.

        Raises:
            ConfigError: a data layer has no end, their sizes differ, or there is none.
        """
        found: dict[DataSize, str] = {}
        for name, node in self._nodes.items():
            source = self[name]
            if source.records is None:
                raise ConfigError(
                    f"data layer {name!r} ({node.type}) has no last record, so a pass over it"
                    " has no end; count batches instead (max_iter, test_iter, --iterations)"
                )
            found.setdefault(DataSize(source.records, source.shapes[0][0]), name)
        if not found:
            raise ConfigError("the net has no data layer whose records could be counted")
        if len(found) > 1:
            sizes = ", ".join(
                f"{name!r} has {size.records} in batches of {size.batch}"
                for size, name in found.items()
            )
            raise ConfigError(f"the records of its data layers differ in number: {sizes}")
        return next(iter(found))

    def begin_pass(self) -> None:
        """Go back to the first record of all layers; each must have a known number of them."""
        for source in self.values():
            source.begin_pass()

    def take_share(self, number: int, of: int) -> None:
        """Begin anew with the ``number``-th of each ``of`` batches; others take the other ones."""
        self.close()
        self._share = number, of

    def reseed(self, seed: int) -> None:
        """Begin anew with the order and the random numbers of another seed."""
        if seed != self._seed:
            self.close()
            self._seed = seed

    def close(self) -> None:
        """Close those that are open."""
        for source in self._open.values():
            source.close()
        self._open.clear()

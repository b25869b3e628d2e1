"""The open data sources of a net."""

from collections.abc import Iterator, Mapping

from netdef.data.source import Source
from netdef.graph import Graph
from netdef.layer import DataLayer


class Sources(Mapping[str, Source]):
    """The data sources of a net by the names of their layers, opened when first read."""

    def __init__(self, graph: Graph, seed: int) -> None:
        self._nodes = {n.name: n for n in graph.nodes if isinstance(n.layer, DataLayer)}
        self._open: dict[str, Source] = {}
        self._seed = seed

    def __getitem__(self, name: str) -> Source:
        if name not in self._open:
            node = self._nodes[name]
            assert isinstance(node.layer, DataLayer)
            self._open[name] = node.layer.open(node.tops, self._seed)
        return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

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

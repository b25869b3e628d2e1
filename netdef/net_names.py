"""What a net's blobs and layers are called, with pycaffe's names for the questions."""

from netdef.graph import Graph


class NetNames:
    """Answers from the graph alone; blobs that are made in place have one name."""

    graph: Graph

    @property
    def name(self) -> str:
        """The net's name in its prototxt."""
        return self.graph.name

    @property
    def inputs(self) -> list[str]:
        """Names of the blobs that the user fills."""
        return list(self.graph.inputs)

    @property
    def outputs(self) -> list[str]:
        """Names of the blobs that no layer reads."""
        return list(self.graph.outputs)

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers, in the order they run."""
        return [n.name for n in self.graph.nodes]

    _layer_names = layer_names

    @property
    def layer_types(self) -> list[str]:
        """Types of the layers, in the order they run."""
        return [n.type for n in self.graph.nodes]

    @property
    def loss_weights(self) -> dict[str, float]:
        """The loss weight of each blob that has one."""
        names = {i: name for name, i in self.graph.blobs.items()}
        pairs = [p for n in self.graph.nodes for p in zip(n.tops, n.loss_weights, strict=True)]
        return {names[top]: weight for top, weight in pairs if weight and top in names}

    @property
    def top_names(self) -> dict[str, list[str]]:
        """The tops of each layer."""
        return {n.name: [t.partition("@")[0] for t in n.tops] for n in self.graph.nodes}

    @property
    def bottom_names(self) -> dict[str, list[str]]:
        """The bottoms of each layer."""
        return {n.name: [b.partition("@")[0] for b in n.bottoms] for n in self.graph.nodes}

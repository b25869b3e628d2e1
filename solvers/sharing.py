"""Whether copies of a net can take its batches in turn."""

from netdef.errors import ConfigError, at
from netdef.graph import Graph

_MADE_BY_EACH = ("Input", "MemoryData", "Python")
"""Types of layers that, without a bottom, hand out data that no source numbers."""
_WRITTEN_BY_EACH = ("HDF5Output",)


def check_sharing(graph: Graph) -> None:
    """See whether copies of a net can take its batches in turn, and write no common file.

    Raises:
        ConfigError: they cannot; with the mend.
    """
    for node in graph.nodes:
        if not node.bottoms and node.type in _MADE_BY_EACH:
            why = (
                "hands out data that several GPUs cannot share; read them by a layer with a source,"
                " such as Data, or train on one GPU"
            )
        elif node.type in _WRITTEN_BY_EACH:
            why = "writes a file that all GPUs would write at once; remove it, or train on one GPU"
        else:
            continue
        with at(str(node)):
            raise ConfigError(why)

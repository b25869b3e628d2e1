"""A run as TensorBoard shows it: scalars, histograms, the net's graph and sample images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from netdef.errors import RunError, cannot_write
from netdef.graph import Graph
from netdef.infer import Shapes
from netdef.solvers.reporter import Displayed, Output, Reporter, Scores, Started
from netdef.solvers.solver import Solver

_IMAGES = 8


class TensorboardReporter(Reporter):
    """Writes event files into ``folder``, by tensorboardX.

    When the loss is displayed: the loss, the outputs, the rate, iterations and images a
    second, and histograms of all weights and of the gradients of their last update. At tests
    the outputs. At the start the net's layers as a graph, and the first images of its first
    data layer as the net gets them, stretched to the range of what can be shown.

    Raises:
        RunError: tensorboardX is not installed, or the folder cannot be written to.
    """

    def __init__(self, solver: Solver, folder: str) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise RunError(
                "event files are written by tensorboardX, which is not installed;"
                " pip install 'netdef[tensorboard]'"
            ) from error
        self._solver, self._batch = solver, 0
        try:
            self._writer: Any = SummaryWriter(folder)
        except OSError as error:
            raise cannot_write(folder, error) from error

    def close(self) -> None:
        """Write out what waits to be written."""
        self._writer.close()

    def started(self, event: Started) -> None:
        self._batch = event.batch
        net = self._solver.net
        # This method of another name takes a GraphDef as it is.
        self._writer.file_writer.add_onnx_graph(_graph_def(net.graph, net.shapes))
        images = self._first_images()
        if images is not None:
            self._writer.add_images("data", images, event.iteration)
        self._writer.flush()

    def displayed(self, event: Displayed) -> None:
        scalars = {"loss": event.loss, **_tagged(event.outputs, "output/")}
        if event.rate is not None:
            scalars["lr"] = event.rate
        if event.seconds and event.iterations:
            scalars["iterations_per_second"] = event.iterations / event.seconds
            scalars["images_per_second"] = self._batch * event.iterations / event.seconds
        self._scalars("train", scalars, event.iteration)
        self._histograms(event.iteration)
        self._writer.flush()

    def tested(self, event: Scores) -> None:
        scalars = _tagged(event.outputs, "")
        if event.loss is not None:
            scalars["total_loss"] = event.loss
        self._scalars(f"test{event.net}", scalars, event.iteration)
        self._writer.flush()

    def _scalars(self, group: str, scalars: dict[str, float], iteration: int) -> None:
        for name, value in scalars.items():
            self._writer.add_scalar(f"{group}/{name}", value, iteration)

    def _histograms(self, iteration: int) -> None:
        net = self._solver.net
        # Copies, not ``blob.data``: on a GPU that would be written back, over the next update.
        for group, arrays in (("weights", net.weight_arrays), ("gradients", net.grad_arrays)):
            for param in net.shapes.owners:
                array = net.device.to_host(arrays[param.key])
                if np.isfinite(array).all():
                    self._writer.add_histogram(f"{group}/{param.key}", array, iteration)

    def _first_images(self) -> Any:
        """Return ``(N, C, H, W)`` from 0 to 1, colours RGB; None if the net reads no images."""
        net = self._solver.net
        for node in net.graph.nodes:
            shape = net.shapes.blobs[node.tops[0]] if node.tops else ()
            if node.name in net.sources and len(shape) == 4 and shape[1] in (1, 3):
                source = net.sources[node.name]
                state = source.state()
                images = np.array(source.next()[0][:_IMAGES, ::-1], np.float32)
                source.restore(state)
                low, high = images.min(), images.max()
                return (images - low) / max(high - low, np.finfo(np.float32).tiny)
        return None


def _tagged(outputs: Sequence[Output], prefix: str) -> dict[str, float]:
    """Return the outputs by name; of a blob with several numbers, by name and number."""
    names = [o.name for o in outputs]
    return {
        f"{prefix}{o.name}{f'_{names[:i].count(o.name)}' if names.count(o.name) > 1 else ''}": (
            o.value
        )
        for i, o in enumerate(outputs)
    }


def _graph_def(graph: Graph, shapes: Shapes) -> Any:
    """Return the layers as TensorFlow's GraphDef, in which TensorBoard takes graphs."""
    from tensorboardX.proto.attr_value_pb2 import AttrValue
    from tensorboardX.proto.graph_pb2 import GraphDef
    from tensorboardX.proto.node_def_pb2 import NodeDef
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

    def shape(top: str) -> Any:
        return TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in shapes.blobs[top]])

    makers = {top: node.name for node in graph.nodes for top in node.tops}
    nodes = [
        NodeDef(
            name=node.name,
            op=node.type,
            input=[makers[bottom] for bottom in node.bottoms],
            attr={
                "_output_shapes": AttrValue(
                    list=AttrValue.ListValue(shape=[shape(top) for top in node.tops])
                )
            },
        )
        for node in graph.nodes
    ]
    return GraphDef(node=nodes)

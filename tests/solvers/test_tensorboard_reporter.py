import io
import struct
import sys

import cv2
import numpy as np
import pytest

from netdef.errors import RunError
from netdef.solvers.tensorboard_reporter import TensorboardReporter
from tests.solvers.conftest import NET
from tests.solvers.test_solver import solver

TESTS = "max_iter: 4\ndisplay: 2\ntest_iter: 1\ntest_interval: 4\n"


def events(folder):
    """Read all events of a folder: records of a length, its sum, the event and its sum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.iterdir()):
        content = io.BytesIO(path.read_bytes())
        while head := content.read(12):
            (length,) = struct.unpack("<Q", head[:8])
            found.append(Event.FromString(content.read(length)))
            content.read(4)
    return found


def reported(extra, folder):
    trained = solver(extra, keep="outputs")
    trained.reporter = TensorboardReporter(trained, str(folder))
    trained.solve()
    trained.reporter.close()
    return trained, events(folder)


def values(found, kind):
    return {(v.tag, event.step): getattr(v, kind) for event in found
            for v in event.summary.value if v.HasField(kind)}  # fmt: skip


def test_scalars_and_histograms(folder):
    _, found = reported(TESTS, folder / "tb")
    scalars = values(found, "simple_value")
    assert set(scalars) >= {("train/loss", i) for i in (0, 2, 4)}
    assert {tag for tag, _ in scalars} == {
        "train/loss",
        "train/output/loss",
        "train/lr",
        "train/iterations_per_second",
        "train/images_per_second",
        "test0/accuracy",
        "test0/loss",
    }
    assert scalars["train/lr", 2] == pytest.approx(0.1)
    histograms = values(found, "histo")
    assert {tag for tag, _ in histograms} == {
        f"{what}/{layer}/{i}"
        for what in ("weights", "gradients")
        for layer in ("ip1", "ip2")
        for i in (0, 1)
    }
    assert histograms["weights/ip1/0", 0].num == 35
    assert not values(found, "image")


def test_the_graph_has_every_layer_and_what_it_reads(folder):
    from tensorboardX.proto.graph_pb2 import GraphDef

    _, found = reported(TESTS, folder / "tb")
    (graph,) = (GraphDef.FromString(e.graph_def) for e in found if e.HasField("graph_def"))
    assert [(node.name, node.op, list(node.input)) for node in graph.node] == [
        ("data", "HDF5Data", []),
        ("ip1", "InnerProduct", ["data"]),
        ("tanh", "TanH", ["ip1"]),
        ("ip2", "InnerProduct", ["tanh"]),
        ("loss", "SoftmaxWithLoss", ["ip2", "data"]),
    ]
    (shape,) = graph.node[1].attr["_output_shapes"].list.shape
    assert [d.size for d in shape.dim] == [8, 7]


def test_images_are_shown_and_their_batch_is_still_trained_on(folder):
    names = []
    for i in range(3):
        image = np.full((4, 4, 3), 80 * i, np.uint8)
        image[..., 2] = 160
        cv2.imwrite(str(folder / f"{i}.png"), image)
        names.append(f"{i}.png {i}\n")
    (folder / "images.txt").write_text("".join(names))
    layer = 'layer { name: "data" type: "ImageData" top: "x" top: "label"'
    layer += ' image_data_param { source: "images.txt" batch_size: 2 } }'
    (folder / "net.prototxt").write_text(layer + NET[NET.index('layer { name: "ip1"') :])
    watched, found = reported("max_iter: 3", folder / "tb")
    pictures = values(found, "image")
    assert set(pictures) == {("data", 0)}
    encoded = np.frombuffer(pictures["data", 0].encoded_image_string, np.uint8)
    pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert pixels[1, 1].tolist() == [0, 0, 255]  # red is red
    plain = solver("max_iter: 3", keep="outputs")
    plain.solve()
    np.testing.assert_array_equal(watched.net.weights.data, plain.net.weights.data)


def test_without_tensorboardx(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    message = (
        r"^event files are written by tensorboardX, which is not installed; "
        r"pip install 'netdef\[tensorboard\]'$"
    )
    with pytest.raises(RunError, match=message):
        TensorboardReporter(solver(), "tb")

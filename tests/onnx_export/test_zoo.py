"""Nets of the zoo, exported with weights drawn at random, and real ones on real photos."""

import csv

import numpy as np
import pytest

from netdef.model_zoo.nets import names
from netdef.net import Net
from netdef.onnx_export.checking import batches_of, differences
from netdef.onnx_export.deploying import as_deployed
from netdef.onnx_export.model import export
from netdef.onnx_run import Session, worst
from netdef.pictures import PictureFile, PictureFiles
from netdef.preprocessing import Preprocessing
from netdef.proto import TEST, NetParameter
from netdef.prototxt import NetText, read_net
from tests.onnx_export.agreement import difference, draw_weights

TOLERANCE = 1e-4
FAST = {
    "autoencoder_mnist", "char_lstm", "cifar10_full", "cifar10_quick", "lenet", "mobilenet_v1",
    "siamese_mnist", "squeezenet_v1.1",
}  # fmt: skip
SMALLER = {"segnet": (1, 3, 32, 64), "fcn8s": (1, 3, 64, 64), "fcn32s": (1, 3, 64, 64)}
"""Places of largest pixels that are all but equal differ; in small images there are none."""


def at_any_size(text: NetText) -> NetText:
    """Let Upsample double its images, not make the sizes of the published pictures."""
    net = NetParameter()
    net.CopyFrom(text.net)
    for layer in net.layer:
        if layer.type == "Upsample":
            layer.ClearField("upsample_param")
    return NetText(net, text.path, text.lines)


def without_softmax(text: NetText) -> NetText:
    """Leave out a Softmax at the end: probabilities of 0 and 1 would hide what differs."""
    net = NetParameter()
    net.CopyFrom(text.net)
    if net.layer[-1].type == "Softmax":
        del net.layer[-1]
    return NetText(net, text.path, text.lines[: len(net.layer)])


@pytest.mark.parametrize(
    "name",
    [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in names()],
)
def test_a_net_of_the_zoo(name):
    text = at_any_size(read_net(f"zoo:{name}"))
    shapes = {"data": SMALLER[name]} if name in SMALLER else None
    net = Net(without_softmax(as_deployed(text, TEST, shapes=shapes)), TEST, keep="outputs")
    draw_weights(net)
    assert difference(net) <= TOLERANCE


@pytest.mark.parametrize(
    ("model", "mean"),
    [
        ("squeezenet_v1.1", (104, 117, 123)),
        pytest.param("mobilenet_v2_torchvision", (103.53, 116.28, 123.675), marks=pytest.mark.slow),
    ],
)
def test_photos_of_imagenet(shared, model, mean):
    """The exported net gives the same scores, and tells the photos as was recorded."""
    folder = shared / "data" / "models" / model
    samples = shared / "data" / "imagenet" / "samples.tsv"
    rows = list(csv.DictReader(samples.read_text().splitlines(), delimiter="\t"))[:12]
    weights = str(next(folder.glob("*.caffemodel")))
    net = Net(as_deployed(read_net(folder / "deploy.prototxt"), TEST), TEST, keep="outputs")
    net.copy_from(weights)
    side = net.blobs["data"].shape[2]
    how = Preprocessing(crop=(side, side), resize=256, mean=mean)
    files = [samples.parent / "samples" / row["file"] for row in rows]
    pictures = PictureFiles([PictureFile(file.name, str(file)) for file in files])
    session = Session(export(net).SerializeToString())
    batches = list(batches_of(net, pictures, how))
    assert worst(differences(net, session, batches)).relative <= TOLERANCE
    [output] = session.outputs
    scores = np.concatenate([session.run(batch)[output].reshape(-1, 1000) for batch in batches])
    said = np.argsort(-scores[: len(rows)])[:, :5]
    recorded = [[int(c) for c in row[f"{model}_top5"].split(",")] for row in rows]
    assert [list(five) for five in said] == recorded

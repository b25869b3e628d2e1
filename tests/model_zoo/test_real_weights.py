"""Published weights load into the nets of the zoo whole, and give what Caffe gives."""

import numpy as np
import pytest

import netdef
from netdef.model_zoo.recognition import by_checksum, by_layers

FILES = {
    "lenet/lenet_iter_10000.caffemodel": "lenet",
    "lenet/v1era_lenet_iter_10000.caffemodel": "lenet",
    "cifar10_v1era/cifar10_quick_iter_5000.caffemodel": "cifar10_quick",
    "cifar10_h5/cifar10_full_iter_60000.caffemodel.h5": "cifar10_full",
    "squeezenet_v1.1/squeezenet_v1.1_fp16rounded.caffemodel": "squeezenet_v1.1",
    "mobilenet_v2_torchvision/mobilenet_v2.caffemodel": "mobilenet_v2",
}


@pytest.mark.parametrize("path", FILES)
def test_the_layers_tell_what_a_file_is(path, shared):
    assert by_layers(shared / "data" / "models" / path) == [FILES[path]]


def test_the_checksum_tells_what_a_file_is(shared):
    models = shared / "data" / "models"
    assert by_checksum(models / "mtcnn" / "det1.caffemodel") == "mtcnn_det1"
    assert by_checksum(models / "lenet" / "lenet_iter_10000.caffemodel") is None


@pytest.mark.parametrize("path", FILES)
def test_every_layer_gets_its_weights(path, shared):
    net = netdef.Net(f"zoo:{FILES[path]}", netdef.TEST)
    report = net.copy_from(str(shared / "data" / "models" / path))
    assert (report.kept, report.ignored) == ([], [])


@pytest.mark.parametrize(
    ("folder", "weights", "name"),
    [
        ("squeezenet_v1.1", "squeezenet_v1.1_fp16rounded", "squeezenet_v1.1"),
        ("mobilenet_v2_torchvision", "mobilenet_v2", "mobilenet_v2"),
    ],
)
def test_it_computes_what_the_published_prototxt_computes(folder, weights, name, shared):
    models = shared / "data" / "models" / folder
    path = str(models / f"{weights}.caffemodel")
    image = np.random.default_rng(0).normal(0, 50, (1, 3, 227, 227)).astype("float32")
    outputs = []
    for model in (f"zoo:{name}", str(models / "deploy.prototxt")):
        net = netdef.Net(model, netdef.TEST, weights=path)
        side = net.blobs["data"].shape[-1]
        net.blobs["data"].reshape(1, 3, side, side)
        outputs.append(net.forward(data=image[..., :side, :side])["prob"].ravel())
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-4, atol=1e-7)

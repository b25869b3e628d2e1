"""Images of different sizes, one a batch: the net takes the shape of each, as Caffe's does."""

import cv2
import numpy as np
import pytest

import netdef
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter
from netdef.prototxt import parse_net

SIZES = [(8, 9), (12, 7), (12, 7), (9, 9), (20, 31), (8, 9), (13, 8)]
IMAGES = [
    np.random.default_rng(number).integers(0, 256, (3, *size), np.uint8)
    for number, size in enumerate(SIZES)
]
BODY = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
  pooling_param { pool: AVE global_pooling: true } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip"
  inner_product_param { num_output: 7 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
CHANGE = "transform_param { scale: 0.004 }"


def database(folder):
    with LmdbWriter(folder / "lmdb") as written:
        for number, image in enumerate(IMAGES):
            written.put(b"%d" % number, encode(image, number))
    return f'type: "Data" data_param {{ source: "{folder}/lmdb" backend: LMDB batch_size: BATCH }}'


def files(folder):
    (folder / "in/a").mkdir(parents=True)
    for number, image in enumerate(IMAGES):
        cv2.imwrite(str(folder / f"in/a/{number}.png"), image.transpose(1, 2, 0))
    lines = (f"{folder}/in/a/{number}.png {number}\n" for number in range(len(IMAGES)))
    (folder / "list").write_text("".join(lines))
    return f'type: "ImageData" image_data_param {{ source: "{folder}/list" batch_size: BATCH }}'


def net(layer, batch=1, body=BODY):
    top = 'name: "in" top: "data" top: "label"'
    text = f"layer {{ {top} {layer.replace('BATCH', str(batch))} {CHANGE} }} {body}"
    return netdef.Net(parse_net(text, "net.prototxt"), netdef.TRAIN, seed=5)


def known(number):
    """Return the loss and the gradient of one image, in a net of its own."""
    dims = " ".join(f"dim: {n}" for n in (1, *IMAGES[number].shape))
    layer = f'type: "Input" input_param {{ shape {{ {dims} }} shape {{ dim: 1 }} }}'
    alone = net(layer)
    loss = alone.forward(data=IMAGES[number][None] * np.float32(0.004), label=[number])["loss"]
    alone.backward()
    return float(loss), alone.params["conv"][0].diff.copy()


@pytest.mark.parametrize("make", [database, files])
def test_each_image_is_seen_whole(tmp_path, make):
    made = net(make(tmp_path))
    for number in [*range(len(IMAGES)), 0, 1]:
        for weights in made.params.values():
            for blob in weights:
                blob.diff[...] = 0
        loss = float(made.forward()["loss"])
        assert made.blobs["data"].data.shape == (1, *IMAGES[number].shape)
        assert made.blobs["label"].data.tolist() == [number]
        made.backward()
        wanted, grad = known(number)
        assert loss == pytest.approx(wanted, rel=1e-6)
        np.testing.assert_allclose(made.params["conv"][0].diff, grad, rtol=1e-4, atol=1e-6)
    made.close()


@pytest.mark.parametrize("make", [database, files])
def test_in_a_batch_of_several_all_have_one_size(tmp_path, make):
    made = net(make(tmp_path), batch=2)
    with pytest.raises(netdef.errors.ShapeError, match=r"becomes \(3, 12, 7\), the first .*batch"):
        made.forward()
    made.close()


def test_weights_that_need_one_size_are_named(tmp_path):
    body = """layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
                inner_product_param { num_output: 7 } }"""
    made = net(database(tmp_path), body=body)
    made.forward()
    with pytest.raises(netdef.errors.ShapeError) as caught:
        made.forward()
    assert str(caught.value) == (
        "net.prototxt:1: layer 'ip' (InnerProduct): its weight has the shape (7, 216), but these"
        " inputs need (7, 252)"
    )
    made.close()

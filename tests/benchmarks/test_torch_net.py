"""The translation to PyTorch computes what netdef computes, gradients included."""

import numpy as np
import pytest
from contenders import batch_of

from netdef.device import CPU
from netdef.errors import ConfigError
from netdef.graph import build
from netdef.infer import infer
from netdef.net import Net
from netdef.proto import TRAIN
from netdef.prototxt import parse_net
from netdef.weights import Weights

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

NET = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 3 dim: 4 dim: 11 dim: 11 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 3 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 6 kernel_size: 3 pad: 1 stride: 2 group: 2
                      weight_filler { type: "msra" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" lrn_param { alpha: 0.5 } }
layer { name: "max" type: "Pooling" bottom: "norm" top: "max"
  pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "mean" type: "Pooling" bottom: "conv" top: "mean"
  pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "half" type: "Convolution" bottom: "conv" top: "half"
  convolution_param { num_output: 6 kernel_size: 2 stride: 2 bias_term: false
                      weight_filler { type: "msra" } } }
layer { name: "concat" type: "Concat" bottom: "max" bottom: "half" top: "concat" }
layer { name: "sum" type: "Eltwise" bottom: "concat" bottom: "concat" top: "sum" }
layer { name: "ip" type: "InnerProduct" bottom: "sum" top: "ip"
  inner_product_param { num_output: 10 weight_filler { type: "msra" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "side" type: "InnerProduct" bottom: "mean" top: "side"
  inner_product_param { num_output: 10 weight_filler { type: "msra" } } }
layer { name: "side_loss" type: "SoftmaxWithLoss" bottom: "side" bottom: "label" top: "side_loss"
  loss_weight: 0.3 }
"""


def in_torch(text, seed):
    from torch_net import TorchNet

    graph = build(text, TRAIN)
    shapes = infer(graph)
    weights = Weights(shapes.owners, CPU)
    weights.fill(seed)
    return TorchNet(
        graph, shapes, {p.key: weights.view(weights.data, p.key) for p in shapes.owners}
    )


def test_loss_and_gradients_are_netdefs():
    text = parse_net(NET, "net.prototxt")
    mine, theirs = Net(text, TRAIN, seed=1), in_torch(text, 1)
    images, labels = batch_of(mine.graph)
    loss = theirs(torch.from_numpy(images), torch.from_numpy(labels).long())
    loss.backward()
    found = mine.forward(data=images, label=labels)
    mine.backward()
    assert found["loss"] + 0.3 * found["side_loss"] == pytest.approx(loss.item(), rel=1e-5)
    learned = [p.key for p in mine.shapes.owners if p.weight.is_learned]
    for key, param in zip(learned, theirs.parameters(), strict=True):
        grad = mine.grad_arrays[key]
        np.testing.assert_allclose(grad, param.grad.numpy(), rtol=1e-3, atol=1e-5, err_msg=key)


def test_a_layer_without_a_translation_is_named():
    text = parse_net(NET.replace('type: "ReLU"', 'type: "Sigmoid"'), "net.prototxt")
    message = r"^net.prototxt:\d+: layer 'relu' \(Sigmoid\): has no translation to PyTorch in "
    with pytest.raises(ConfigError, match=message):
        in_torch(text, 1)

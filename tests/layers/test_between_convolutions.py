"""Layers between convolutions, where images lie batch innermost, make the same as alone."""

import numpy as np
import pytest

import netdef
from netdef.eager import Trial
from netdef.net import Net
from netdef.prototxt import parse_net

LAYERS = {
    "Permute": "permute_param { order: 0 order: 2 order: 3 order: 1 }",
    "Normalize": "norm_param { across_spatial: false channel_shared: false }",
    "ShuffleChannel": "shuffle_channel_param { group: 2 }",
    "ReLU6": "",
    "HardSwish": "",
    "GELU": "",
    "BN": "",
    "BatchNorm": "batch_norm_param { scale_bias: true }",
    "LayerNorm": "layer_norm_param { axis: 1 }",
    "GroupNorm": "group_norm_param { group: 2 }",
    "Interp": "interp_param { zoom_factor: 2 pad_beg: -1 }",
    "DepthwiseConvolution": "convolution_param { num_output: 4 kernel_size: 3 }",
}
CONVOLUTION = """num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }"""


@pytest.mark.parametrize("keep", ["blobs", "outputs"])
@pytest.mark.parametrize("kind", LAYERS)
def test_between_convolutions(kind, keep):
    text = f"""force_backward: true
        layer {{ name: "in" type: "Input" top: "data" input_param {{
          shape {{ dim: 3 dim: 2 dim: 6 dim: 5 }} }} }}
        layer {{ name: "below" type: "Convolution" bottom: "data" top: "x"
          convolution_param {{ {CONVOLUTION}
        layer {{ name: "it" type: "{kind}" bottom: "x" top: "y" {LAYERS[kind]} }}
        layer {{ name: "above" type: "Convolution" bottom: "y" top: "z"
          convolution_param {{ {CONVOLUTION}"""
    net = Net(parse_net(text, "net.prototxt"), netdef.TRAIN, keep=keep, seed=1)
    rng = np.random.default_rng(0)
    for param in net.params.get("it", ()):
        param.data[...] = rng.standard_normal(param.data.shape)
    weights = [[p.data.copy() for p in net.params.get(n, ())] for n in ("below", "it", "above")]
    data = rng.standard_normal((3, 2, 6, 5)).astype("f")
    z = net.forward(data=data)["z"].copy()
    dz = rng.standard_normal(z.shape).astype("f")
    net.blobs["z"].diff[...] = dz
    net.backward()
    want_z, grads = by_trials([n.layer for n in net.graph.nodes[1:]], data, weights, dz)
    np.testing.assert_allclose(z, want_z, rtol=1e-3, atol=1e-4)
    for name, wanted in zip(("below", "it", "above"), grads, strict=True):
        for param, want in zip(net.params.get(name, ()), wanted, strict=False):
            room = 1e-3 * abs(want).max() + 1e-4
            np.testing.assert_allclose(param.diff, want, rtol=2e-3, atol=room)


def by_trials(layers, x, weights, dz):
    """Return the last top and the gradients of each layer's learned weights, layer by layer."""
    trials = []
    for layer, numbers in zip(layers, weights, strict=True):
        trial = Trial(layer, x.shape, dtype="float64")
        trial.bottoms[0][...] = x
        for room, values in zip(trial.weights.values(), numbers, strict=True):
            room[...] = values
        x = trial.forward()[0]
        trials.append(trial)
    grads = []
    for trial in reversed(trials):
        added = {n: np.zeros_like(w) for n, w in trial.weights.items()}
        dx = np.empty_like(trial.bottoms[0])
        trial.backward([dz], [dx], added)
        grads.insert(0, list(added.values()))
        dz = dx
    return trials[-1].tops[0], grads

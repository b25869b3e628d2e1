"""Which module of a state dict fills which layer."""

import numpy as np
import pytest

from netdef.errors import WeightsError
from netdef.graph import build
from netdef.infer import infer
from netdef.proto import TEST
from netdef.prototxt import parse_net, read_net
from netdef.state_dict import assign

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "stem/conv" type: "Convolution" bottom: "x" top: "a"
        convolution_param { num_output: 4 kernel_size: 3 bias_term: false } }
layer { name: "stem/bn" type: "BatchNorm" bottom: "a" top: "a" }
layer { name: "stem/scale" type: "Scale" bottom: "a" top: "a" scale_param { bias_term: true } }
layer { name: "last" type: "InnerProduct" bottom: "a" top: "y"
        inner_product_param { num_output: 5 } }
"""


def network(text=NET):
    graph = build(parse_net(text, "net.prototxt"), TEST)
    return graph, infer(graph)


def module(name, **shapes):
    rng = np.random.default_rng(len(name))
    return {f"{name}.{k}": rng.standard_normal(s).astype("f") for k, s in shapes.items()}


def norm(name, channels):
    own = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (channels,))
    return {**module(name, **own), f"{name}.num_batches_tracked": np.array(3)}


def state(conv, bn, last):
    return {
        **module(last, bias=(5,), weight=(5, 144)),
        **norm(bn, 4),
        **module(conv, weight=(4, 3, 3, 3)),
    }


@pytest.mark.parametrize(
    ("names", "how"),
    [
        (("stem.conv", "stem.bn", "last"), "names"),
        (("features.0", "features.1", "classifier.1"), "order and shapes"),
    ],
)
def test_layers_are_filled(names, how):
    tensors = state(*names)
    found = assign(*network(), tensors)
    assert found.how == how
    assert found.left_out == ()
    conv, bn, last = names
    blobs = found.blobs()
    assert list(blobs) == ["stem/conv", "stem/bn", "stem/scale", "last"]
    np.testing.assert_array_equal(blobs["stem/conv"][0], tensors[f"{conv}.weight"])
    mean, variance, factor = blobs["stem/bn"]
    np.testing.assert_array_equal(mean, tensors[f"{bn}.running_mean"])
    np.testing.assert_array_equal(variance, tensors[f"{bn}.running_var"])
    assert factor == 1
    np.testing.assert_array_equal(blobs["stem/scale"][0], tensors[f"{bn}.weight"])
    np.testing.assert_array_equal(blobs["stem/scale"][1], tensors[f"{bn}.bias"])
    np.testing.assert_array_equal(blobs["last"][1], tensors[f"{last}.bias"])


def test_modules_that_are_left_over_are_told():
    extra = {**state("stem.conv", "stem.bn", "last"), **module("aux", weight=(2, 2))}
    assert assign(*network(), extra).left_out == ("aux.weight",)


def residual(shortcut_first):
    """Write a block whose last convolution and shortcut have one shape."""

    def conv(name, bottom, kernel, outputs):
        return (
            f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}"'
            f" convolution_param {{ num_output: {outputs} kernel_size: {kernel} pad: {kernel // 2}"
            " bias_term: false } }"
        )

    shortcut, body = [conv("short", "x", 1, 6)], [conv("one", "x", 3, 3), conv("two", "one", 1, 6)]
    both = shortcut + body if shortcut_first else body + shortcut
    return NET.splitlines()[1] + "".join(both)


@pytest.mark.parametrize("shortcut_first", [True, False])
def test_shortcuts_of_a_residual_net(shortcut_first):
    tensors = {
        **module("block.conv1", weight=(3, 3, 3, 3)),
        **module("block.conv2", weight=(6, 3, 1, 1)),
        **module("block.downsample.0", weight=(6, 3, 1, 1)),
    }
    found = assign(*network(residual(shortcut_first)), tensors)
    assert {slot.name: m.name for slot, m in found.pairs} == {
        "one": "block.conv1", "two": "block.conv2", "short": "block.downsample.0"
    }  # fmt: skip


def test_two_orders_that_fit_are_none():
    text = (
        residual(True)
        .replace("num_output: 6", "num_output: 3")
        .replace("num_output: 3 kernel_size: 3 pad: 1", "num_output: 3 kernel_size: 1 pad: 0")
    )
    names = ("block.conv1", "block.conv2", "block.downsample.0")
    tensors = {k: v for n in names for k, v in module(n, weight=(3, 3, 1, 1)).items()}
    with pytest.raises(WeightsError, match="its modules fit the net in two orders"):
        assign(*network(text), tensors)


def test_numbers_are_counted_as_numbers():
    text = NET.splitlines()[1] + "".join(
        f'layer {{ name: "c{i}" type: "Convolution" bottom: "{"x" if i == 0 else f"c{i - 1}"}"'
        f' top: "c{i}" convolution_param {{ num_output: 3 kernel_size: 1 bias_term: false }} }}'
        for i in range(11)
    )
    tensors = {k: v for i in range(10, -1, -1) for k, v in
               module(f"features.{i}", weight=(3, 3, 1, 1)).items()}  # fmt: skip
    found = assign(*network(text), tensors)
    assert [m.name for _, m in found.pairs] == [f"features.{i}" for i in range(11)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.update(module("features.9", weight=(4, 4, 1, 1))),
            "no layer of the net wants the module 'features.9'; give the net that the weights are"
            " of, or rename its layers as the modules",
        ),
        (
            lambda t: t.update(module("classifier.1", bias=(6,), weight=(6, 144))),
            "layer 'last' wants weight (5, 144) bias (5,), and the module in its place,"
            " 'classifier.1', has bias (6,) weight (6, 144); give the net that the weights are of,"
            " or rename its layers as the modules",
        ),
        (
            lambda t: [t.pop(k) for k in list(t) if k.startswith("features.1")],
            "layer 'stem/bn' wants running_mean (4,) running_var (4,) weight (4,) bias (4,), and"
            " there are too few modules; give the net that the weights are of, or rename its"
            " layers as the modules",
        ),
    ],
)
def test_misfits(change, message):
    tensors = state("features.0", "features.1", "classifier.1")
    change(tensors)
    with pytest.raises(WeightsError) as raised:
        assign(*network(), tensors)
    assert str(raised.value) == message


def test_a_module_of_the_right_name_and_another_shape():
    tensors = {**state("stem.conv", "stem.bn", "last"), **module("last", bias=(5,), weight=(5, 9))}
    with pytest.raises(WeightsError) as raised:
        assign(*network(), tensors)
    assert str(raised.value) == (
        "layer 'last' wants weight (5, 144) bias (5,), and the module of its name has bias (5,)"
        " weight (5, 9); give the net that the weights are of"
    )


def torchvision_names():
    """Yield what torchvision calls the modules of MobileNet v2, and their layers in the zoo."""
    blocks = [(1, 1), (6, 2), (6, 3), (6, 4), (6, 3), (6, 3), (6, 1)]
    yield from (("features.0.0", "images"), ("features.0.1", "norm"))
    number = 0
    for expansion, repeats in blocks:
        for _ in range(repeats):
            number += 1
            part = 0
            if expansion > 1:
                yield from ((f"features.{number}.conv.0.{i}", k) for i, k in
                            enumerate(("images", "norm")))  # fmt: skip
                part = 1
            yield from ((f"features.{number}.conv.{part}.{i}", k) for i, k in
                        enumerate(("images", "norm")))  # fmt: skip
            yield f"features.{number}.conv.{part + 1}", "images"
            yield f"features.{number}.conv.{part + 2}", "norm"
    yield from (("features.18.0", "images"), ("features.18.1", "norm"), ("classifier.1", "matrix"))


def test_mobilenet_v2_of_torchvision_fills_the_zoo_s():
    graph = build(read_net("zoo:mobilenet_v2"), TEST)
    shapes = infer(graph)
    weighted = [n for n in graph.nodes if shapes.params[n.name] and n.type != "Scale"]
    tensors = {}
    for (name, kind), node in zip(torchvision_names(), weighted, strict=True):
        shape = shapes.params[node.name][0].weight.shape
        if kind == "norm":
            tensors |= norm(name, shape[0])
        else:
            bias = {"bias": shape[:1]} if kind == "matrix" else {}
            tensors |= module(name, weight=shape, **bias)
    shuffled = dict(sorted(tensors.items(), key=lambda item: item[0][::-1]))
    found = assign(graph, shapes, shuffled)
    names = [name for name, _ in torchvision_names()]
    assert [(m.name, s.name) for s, m in found.pairs] == [
        (name, node.name) for name, node in zip(names, weighted, strict=True)
    ]

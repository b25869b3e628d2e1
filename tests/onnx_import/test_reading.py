"""Whole models: shapes, constants, names, and what is refused."""

import numpy as np
import onnx
import pytest
from onnx import helper

from netdef.errors import ConfigError, DataError, MissingFile
from netdef.net import Net
from netdef.onnx_export.deploying import as_deployed
from netdef.onnx_export.model import export
from netdef.onnx_import.reading import read_onnx
from netdef.proto import TEST
from netdef.prototxt import read_net
from tests.onnx_export.agreement import draw_weights
from tests.onnx_export.test_recorded_layers import CASES, LEFT_OUT, recorded
from tests.onnx_import.making import draw, imported, save, types
from tests.onnx_import.test_operators import IMAGE, ints, node

ONE_WAY = {
    "argmax": "Slice", "argmax_axis": "Slice", "argmax_top3_val": "Slice",
    "batch_reindex": "Gather", "batchnorm_2d": "ReduceMean", "batchnorm_train": "ReduceMean",
    "filter": "Cast", "lstm": "Scan", "lstm_expose": "Scan", "lstm_static_expose": "Add",
    "rnn": "Scan", "rnn_expose": "Scan",
}  # fmt: skip
"""Layers that ONNX can say, in operators that no layer is: the one that is refused."""
CONSTANT = {"loss_infogain", "loss_infogain_spatial", "parameter"}
"""Nets without inputs."""


@pytest.mark.filterwarnings("ignore:invalid value encountered")  # roots of negative numbers
@pytest.mark.parametrize("case", [c for c in CASES if c.id not in {*LEFT_OUT, *ONE_WAY, *CONSTANT}])
def test_a_recorded_layer_comes_back(case, tmp_path):
    net, _, _ = recorded(case)
    (tmp_path / "m.onnx").write_bytes(export(net).SerializeToString())
    again, difference = imported(tmp_path / "m.onnx")
    assert set(again.inputs) <= set(net.inputs)
    assert difference <= 1e-5


@pytest.mark.parametrize("case", [c for c in CASES if c.id in ONE_WAY])
def test_what_does_not_come_back_says_so(case, tmp_path):
    net, _, _ = recorded(case)
    (tmp_path / "m.onnx").write_bytes(export(net).SerializeToString())
    with pytest.raises(ConfigError, match=rf"node 'target/\w+' \({ONE_WAY[case['name']]}\): "):
        read_onnx(tmp_path / "m.onnx")


@pytest.mark.parametrize(
    "name",
    [
        "lenet", "cifar10_full", "squeezenet_v1.1", "mobilenet_v1",
        *(pytest.param(n, marks=pytest.mark.slow)
          for n in ("googlenet", "mobilenet_v2", "resnet50", "se_resnet50", "shufflenet",
                    "densenet121", "inception_v3")),
    ],
)  # fmt: skip
def test_a_net_of_the_zoo_comes_back(name, tmp_path):
    net = Net(as_deployed(read_net(f"zoo:{name}"), TEST), TEST, keep="outputs")
    draw_weights(net)
    (tmp_path / "m.onnx").write_bytes(export(net).SerializeToString())
    again, difference = imported(tmp_path / "m.onnx")
    assert (again.inputs, again.outputs) == (net.inputs, net.outputs)
    assert difference <= 1e-4


def small_net(path, batch="N"):
    """Write a net as frameworks do: free batch, shapes computed, bounds as constants."""
    nodes = [
        node("Conv", "x w0", "a", pads=[1] * 4, strides=[2, 2]),
        node("BatchNormalization", "a s b m v", "c"),
        node("Constant", "", "six", value_float=6.0),
        node("Constant", "", "zero", value_float=0.0),
        helper.make_node("Clip", ["c", "zero", "six"], ["d"], "clip"),
        helper.make_node("Conv", ["d", "w1"], ["e"], "depthwise", group=8, pads=[1] * 4),
        helper.make_node("Add", ["e", "d"], ["f"], "shortcut"),
        node("GlobalAveragePool", "f", "g"),
        node("Shape", "g", "h"),
        node("Gather", "h first", "i"),
        helper.make_node("Unsqueeze", ["i", "axis"], ["j"], "unsqueeze"),
        node("Concat", "j minus", "k", axis=0),
        node("Reshape", "g k", "l"),
        node("Gemm", "l w2 b2", "y", transB=1),
    ]
    constants = {
        "w0": draw(8, 3, 3, 3), "s": draw(8), "b": draw(8), "m": draw(8), "v": draw(8) ** 2,
        "w1": draw(8, 1, 3, 3), "w2": draw(5, 8), "b2": draw(5), "first": np.array(0),
        "axis": ints(0), "minus": ints(-1),
    }  # fmt: skip
    return save(path, nodes, (batch, 3, 16, 16), constants)


def test_a_net_of_another_framework(tmp_path):
    net, difference = imported(small_net(tmp_path / "m.onnx"))
    assert types(net) == [
        "Convolution", "BatchNorm", "Scale", "ReLU6", "Convolution", "Eltwise", "Pooling",
        "Reshape", "InnerProduct",
    ]  # fmt: skip
    assert net.blobs["x"].shape == (1, 3, 16, 16)
    assert difference <= 1e-5


def test_a_batch_of_another_size(tmp_path):
    path = small_net(tmp_path / "m.onnx")
    net, difference = imported(path, x=(4, 3, 16, 16))
    assert net.blobs["y"].shape == (4, 5)
    assert difference <= 1e-5
    with pytest.raises(ConfigError, match="has no input 'z'"):
        imported(path, z=(1,))


def test_an_output_that_is_an_input_of_others(tmp_path):
    nodes = [node("Relu", "x", "y"), node("Neg", "y", "z")]
    path = save(tmp_path / "m.onnx", nodes, (2, 3), output="z")
    model = onnx.load(path)
    model.graph.output.append(helper.make_tensor_value_info("y", 1, (2, 3)))
    onnx.save(model, path)
    net, difference = imported(path)
    assert "y" in [top for layer in net.text.net.layer for top in layer.top]
    assert difference == 0


def test_functions_of_the_model_are_opened(tmp_path):
    path = save(tmp_path / "m.onnx", [node("Neg", "x", "y")], (2, 3))
    model = onnx.load(path)
    version = [helper.make_opsetid("", 17)]
    twice = [helper.make_node("Add", ["a", "a"], ["b"]), helper.make_node("Relu", ["b"], ["c"])]
    model.functions.append(helper.make_function("own", "Twice", ["a"], ["c"], twice, version))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[0].CopyFrom(helper.make_node("Twice", ["x"], ["y"], domain="own"))
    onnx.save(model, path)
    net, difference = imported(path)
    assert types(net) == ["Eltwise", "ReLU"]
    assert difference == 0


@pytest.mark.parametrize("kind", [onnx.TensorProto.BFLOAT16, onnx.TensorProto.FLOAT16])
def test_a_model_of_numbers_of_half_the_length(kind, tmp_path):
    path = save(tmp_path / "m.onnx", [node("Div", "x c")], (2, 3), {"c": draw(3)}, kind=kind)
    model = onnx.load(path)
    half = helper.make_tensor("c", kind, [3], [3, -2, 0.25])
    model.graph.initializer[0].CopyFrom(half)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", kind, (2, 3)))
    onnx.save(model, path)
    [inverse] = read_onnx(path).blobs["div"]
    np.testing.assert_array_equal(inverse, np.float32([1, -1, 4]) / np.float32([3, 2, 1]))


@pytest.mark.parametrize(
    ("nodes", "shape", "constants", "message"),
    [
        ([node("Sin")], (2, 3), {}, "node 'sin' (Sin): is an operator that no layer is"),
        (
            [node("MaxPool", kernel_shape=[2, 2], dilations=[2, 2])], IMAGE, {},
            "node 'maxpool' (MaxPool): its dilations [2, 2] has no layer; only [1, 1] has",
        ),
        (
            [node("Gemm", "x w", transA=1)], (2, 3), {"w": draw(2, 4)},
            "node 'gemm' (Gemm): its transA 1 has no layer; only 0 has",
        ),
        (
            [node("Pad", "x p", "z"), node("Relu", "z")], IMAGE,
            {"p": ints(0, 0, 1, 1, 0, 0, 1, 1)},
            "node 'relu' (Relu): reads what a Pad made; only Conv and pooling can take padding in",
        ),
        (
            [node("Pad", "x p c", "z"), node("MaxPool", "z", kernel_shape=[2, 2])], IMAGE,
            {"p": ints(0, 0, 1, 1, 0, 0, 1, 1), "c": np.float32(3)},
            "node 'pad' (Pad): pads [0, 0, 1, 1, 0, 0, 1, 1] with 3; only zeros around images have"
            " a layer",
        ),
        (
            [node("MatMul", "x x")], (3, 3), {},
            "node 'matmul' (MatMul): is a product of two blobs, or of several matrices, which no"
            " layer is",
        ),
        (
            [node("Split", "x s", "a b c", axis=1), node("Conv", "x a")], (4, 6, 3, 3),
            {"s": ints(2, 2, 2)},
            "node 'conv' (Conv): its input 1 is computed; a net must know it beforehand",
        ),
        (
            [helper.make_node("Resize", ["x", "", "s"], ["y"], "resize", mode="linear")], IMAGE,
            {"s": np.array([1, 1, 2, 2], "f")},
            "node 'resize' (Resize): resizes (2, 6, 8, 7) to (2, 6, 16, 14), linear and half_pixel;"
            " only nearest by whole numbers and linear with align_corners have layers",
        ),
        (
            [node("Add", "x c")], (2, 1), {"c": draw(2, 3)},
            "node 'add' (Add): makes (2, 1) larger by a constant (2, 3), as no layer does",
        ),
        (
            [node("RandomNormal", "", "z", shape=[2, 3]), node("Add", "x z")], (2, 3), {},
            "node 'randomnormal' (RandomNormal): is random, which no layer of a deployed net is",
        ),
        (
            [node("Relu")], ("N", 3, "H", "W"), {},
            "input 'x' has axes of a free length; give --input-shape x=1,3,N,N with numbers for N",
        ),
    ],
)  # fmt: skip
def test_refusals(nodes, shape, constants, message, tmp_path):
    path = save(tmp_path / "m.onnx", nodes, shape, constants)
    with pytest.raises(ConfigError) as raised:
        read_onnx(path)
    assert str(raised.value) == f"{path}: {message}"


def test_shapes_that_contradict_each_other(tmp_path):
    path = save(tmp_path / "m.onnx", [node("Gemm", "x w", transB=1)], (2, 3), {"w": draw(4, 3)})
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 5
    onnx.save(model, path)
    with pytest.raises(DataError, match="is no whole ONNX model"):
        read_onnx(path)
    with pytest.raises(ConfigError, match="node 'gemm'"):
        read_onnx(save(path, [node("Gemm", "x w")], (2, "N"), {"w": draw(4, 3)}), {"x": (2, 3)})


def test_files_that_are_no_model(tmp_path):
    with pytest.raises(MissingFile):
        read_onnx(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("words")
    with pytest.raises(DataError, match=r"text.onnx: is no whole ONNX model \("):
        read_onnx(tmp_path / "text.onnx")
    whole = small_net(tmp_path / "m.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[:-100])
    with pytest.raises(DataError, match="cut.onnx: is no whole ONNX model"):
        read_onnx(tmp_path / "cut.onnx")

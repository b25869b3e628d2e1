"""Each operator that maps: the layers it becomes, and ONNX Runtime's numbers."""

import numpy as np
import pytest
from onnx import helper

from netdef.onnx_import.operation import IMPORTERS
from tests.onnx_import.making import draw, imported, save, types

IMAGE = (2, 6, 8, 7)


def node(kind, inputs="x", output="y", **attributes):
    return helper.make_node(kind, inputs.split(), output.split(), kind.lower(), **attributes)


def ints(*values):
    return np.array(values, np.int64)


def pool(kind, layers, **attributes):
    return (IMAGE, [node(kind, **attributes)], {}, layers)


def plain(kind, layers, **attributes):
    return ((3, 5), [node(kind, **attributes)], {}, layers)


W = draw(4, 6, 3, 3)
CASES = {
    "conv": (IMAGE, [node("Conv", "x w b", pads=[1] * 4)], {"w": W, "b": draw(4)}, "Convolution"),
    "conv_asymmetric": (
        IMAGE, [node("Conv", "x w", pads=[0, 2, 1, 0], strides=[2, 2])], {"w": W}, "Convolution",
    ),
    "conv_dilated": (
        IMAGE, [node("Conv", "x w", pads=[0, 2, 2, 0], dilations=[2, 1])], {"w": W}, "Convolution",
    ),
    "conv_same_upper": (
        IMAGE, [node("Conv", "x w", auto_pad="SAME_UPPER", strides=[2, 2])], {"w": W},
        "Convolution",
    ),
    "conv_same_lower": (
        IMAGE, [node("Conv", "x w", auto_pad="SAME_LOWER", strides=[2, 2])], {"w": W},
        "Convolution",
    ),
    "conv_groups": (IMAGE, [node("Conv", "x w", group=2)], {"w": draw(4, 3, 2, 2)}, "Convolution"),
    "conv_rows": ((2, 6, 9), [node("Conv", "x w")], {"w": draw(4, 6, 3)}, "Convolution"),
    "conv_bias_behind": (
        IMAGE, [node("Conv", "x w", "z"), node("Add", "z b")], {"w": W, "b": draw(4, 1, 1)},
        "Convolution",
    ),
    "conv_two_biases": (
        IMAGE, [node("Conv", "x w b", "z"), node("Add", "z c")],
        {"w": W, "b": draw(4), "c": draw(4, 1, 1)}, "Convolution Bias",
    ),
    "conv_read_twice": (
        IMAGE, [node("Conv", "x w", "z"), node("Add", "z c", "u"), node("Sum", "u z")],
        {"w": W, "c": draw(4, 1, 1)}, "Convolution Bias Eltwise",
    ),
    "pad_conv": (
        IMAGE, [node("Pad", "x p", "z"), node("Conv", "z w", pads=[1] * 4)],
        {"w": W, "p": ints(0, 0, 1, 0, 0, 0, 0, 2)}, "Convolution",
    ),
    "pad_average": (
        IMAGE,
        [node("Pad", "x p", "z"), node("AveragePool", "z", kernel_shape=[3, 3], strides=[2, 2])],
        {"p": ints(0, 0, 1, 1, 0, 0, 0, 1)}, "Pooling",
    ),
    "conv_transpose": (
        IMAGE, [node("ConvTranspose", "x w", strides=[2, 2], pads=[1] * 4, output_padding=[1, 0])],
        {"w": draw(6, 4, 3, 3)}, "Deconvolution",
    ),
    "max_pool": pool("MaxPool", "Pooling", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
    "max_pool_up": pool("MaxPool", "Pooling", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    "max_pool_end": pool("MaxPool", "Pooling", kernel_shape=[2, 2], strides=[2, 2],
                         pads=[0, 0, 1, 1]),
    "average": pool("AveragePool", "Pooling", kernel_shape=[2, 2], strides=[2, 2]),
    "average_inside": pool("AveragePool", "Pooling Scale", kernel_shape=[3, 3], pads=[1] * 4),
    "average_with_padding": pool(
        "AveragePool", "Pooling", kernel_shape=[3, 3], strides=[2, 1], pads=[1] * 4,
        count_include_pad=1),
    "average_up": pool("AveragePool", "Pooling", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    "global_average": pool("GlobalAveragePool", "Pooling"),
    "global_max": pool("GlobalMaxPool", "Pooling"),
    "mean_of_images": pool("ReduceMean", "Pooling Reshape", axes=[2, 3], keepdims=0),
    "relu": plain("Relu", "ReLU"), "sigmoid": plain("Sigmoid", "Sigmoid"),
    "tanh": plain("Tanh", "TanH"), "abs": plain("Abs", "AbsVal"),
    "softplus": plain("Softplus", "BNLL"), "exp": plain("Exp", "Exp"),
    "hard_swish": plain("HardSwish", "HardSwish"), "neg": plain("Neg", "Power"),
    "leaky": plain("LeakyRelu", "ReLU", alpha=0.2), "elu": plain("Elu", "ELU", alpha=0.5),
    "hard_sigmoid": plain("HardSigmoid", "Power Clip", alpha=0.3),
    "softmax": plain("Softmax", "Softmax"),
    "log_softmax": plain("LogSoftmax", "Softmax Log", axis=0),
    "roots": ((3, 5), [node("Abs", "x", "a"), node("Sqrt", "a", "b"), node("Reciprocal", "b", "c"),
                       node("Log", "c")], {}, "AbsVal Power Power Log"),
    "pow": ((3, 5), [node("Pow", "x p")], {"p": np.float32(2)}, "Power"),
    "clip6": ((3, 5), [node("Clip", "x a b")], {"a": np.float32(0), "b": np.float32(6)}, "ReLU6"),
    "clip": ((3, 5), [node("Clip", "x a b")], {"a": np.float32(-1), "b": np.float32(0.5)}, "Clip"),
    "clip_low": ((3, 5), [node("Clip", "x a")], {"a": np.float32(0)}, "ReLU"),
    "greater": ((3, 5), [node("Greater", "x a", "z"), node("Cast", "z", to=1)],
                {"a": np.float32(0.1)}, "Threshold"),
    "prelu": (IMAGE, [node("PRelu", "x s")], {"s": draw(6, 1, 1)}, "PReLU"),
    "prelu_shared": (IMAGE, [node("PRelu", "x s")], {"s": draw(1)}, "PReLU"),
    "add_number": ((3, 5), [node("Add", "c x")], {"c": np.float32(2)}, "Power"),
    "add_channels": (IMAGE, [node("Add", "x c")], {"c": draw(6, 1, 1)}, "Bias"),
    "mul_run": (IMAGE, [node("Mul", "x c")], {"c": draw(6, 8, 1)}, "Scale"),
    "scale_and_bias": (IMAGE, [node("Mul", "x c", "z"), node("Add", "z d")],
                       {"c": draw(6, 1, 1), "d": draw(1, 6, 1, 1)}, "Scale"),
    "sub_from": (IMAGE, [node("Sub", "c x")], {"c": draw(7)}, "Power Bias"),
    "div_by": (IMAGE, [node("Div", "x c")], {"c": draw(6, 1, 1)}, "Scale"),
    "gemm": ((3, 5), [node("Gemm", "x w b", transB=1, alpha=0.5, beta=2.0)],
             {"w": draw(4, 5), "b": draw(4)}, "InnerProduct"),
    "matmul_add": ((3, 2, 5), [node("MatMul", "x w", "z"), node("Add", "z b")],
                   {"w": draw(5, 4), "b": draw(4)}, "InnerProduct"),
    "squeeze_and_excite": (IMAGE, [node("GlobalAveragePool", "x", "a"), node("Sigmoid", "a", "b"),
                                   node("Mul", "x b")], {}, "Pooling Sigmoid Reshape Scale"),
    "sums": (IMAGE, [node("Relu", "x", "a"), node("Sum", "x a x")], {}, "ReLU Eltwise"),
    "sub_blobs": (IMAGE, [node("Relu", "x", "a"), node("Sub", "x a")], {}, "ReLU Eltwise"),
    "div_blobs": (IMAGE, [node("Exp", "x", "a"), node("Div", "x a")], {}, "Exp Power Eltwise"),
    "max_blobs": (IMAGE, [node("Neg", "x", "a"), node("Max", "x a")], {}, "Power Eltwise"),
    "mean_blobs": (IMAGE, [node("Neg", "x", "a"), node("Mean", "x a x")], {}, "Power Eltwise"),
    "concat": (IMAGE, [node("Relu", "x", "a"), node("Concat", "x a", axis=-1)], {}, "ReLU Concat"),
    "split": (IMAGE, [node("Split", "x s", "a y", axis=2)], {"s": ints(3, 5)}, "Slice Silence"),
    "slice": (IMAGE, [node("Slice", "x s e a")],
              {"s": ints(1, -3), "e": ints(9, 1000), "a": ints(1, 3)},
              "Slice Slice Silence"),
    "gather_place": (IMAGE, [node("Gather", "x i", axis=2)], {"i": np.array(-1)},
                     "Slice Reshape Silence"),
    "transpose": (IMAGE, [node("Transpose", perm=[0, 2, 3, 1])], {}, "Permute"),
    "reshape": (IMAGE, [node("Reshape", "x s")], {"s": ints(0, 3, -1)}, "Reshape"),
    "flatten": (IMAGE, [node("Flatten")], {}, "Flatten"),
    "flatten_2": (IMAGE, [node("Flatten", axis=2)], {}, "Reshape"),
    "squeeze": ((3, 1, 5), [node("Squeeze", "x a", "z"), node("Unsqueeze", "z b")],
                {"a": ints(1), "b": ints(0, -1)}, "Reshape Reshape"),
    "tile": (IMAGE, [node("Tile", "x t")], {"t": ints(1, 2, 1, 3)}, "Tile Tile"),
    "expand": ((3, 1, 5), [node("Expand", "x s")], {"s": ints(3, 4, 1)}, "Tile"),
    "depth_to_space": ((2, 8, 3, 4), [node("DepthToSpace", blocksize=2)], {},
                       "Reshape Permute Reshape"),
    "depth_to_space_crd": ((2, 8, 3, 4), [node("DepthToSpace", blocksize=2, mode="CRD")], {},
                           "Reshape Permute Reshape"),
    "space_to_depth": ((2, 3, 4, 6), [node("SpaceToDepth", blocksize=2)], {},
                       "Reshape Permute Reshape"),
    "resize_nearest": (IMAGE, [helper.make_node("Resize", ["x", "", "s"], ["y"], "resize",
                                                coordinate_transformation_mode="asymmetric",
                                                nearest_mode="floor")],
                       {"s": np.array([1, 1, 2, 3], "f")}, "Deconvolution"),
    "resize_half_pixel": (IMAGE, [helper.make_node("Resize", ["x", "", "s"], ["y"], "resize")],
                          {"s": np.array([1, 1, 4, 3], "f")}, "Deconvolution"),
    "resize_corners": (IMAGE, [helper.make_node("Resize", ["x", "", "", "s"], ["y"], "resize",
                                                mode="linear",
                                                coordinate_transformation_mode="align_corners")],
                       {"s": ints(2, 6, 15, 4)}, "Interp"),
    "arg_max": (IMAGE, [node("ArgMax", "x", "z", axis=1, keepdims=0), node("Cast", "z", to=1)], {},
                "ArgMax Reshape"),
    "reduce_sum": (IMAGE, [node("ReduceSum", "x a", keepdims=0)], {"a": ints(-1)}, "Reduction"),
    "reduce_l1": (IMAGE, [node("ReduceL1", axes=[2, 3])], {}, "Reduction Reshape"),
    "reduce_square": (IMAGE, [node("ReduceSumSquare", axes=[1, 2, 3], keepdims=0)], {},
                      "Reduction"),
    "reduce_max": (IMAGE, [node("ReduceMax", axes=[2, 3])], {}, "Pooling"),
    "batch_norm": (IMAGE, [node("BatchNormalization", "x s b m v", epsilon=1e-3)],
                   {"s": draw(6), "b": draw(6), "m": draw(6), "v": draw(6) ** 2},
                   "BatchNorm Scale"),
    "lrn": (IMAGE, [node("LRN", size=3, alpha=0.3, beta=0.5, bias=2.0)], {}, "LRN"),
    "instance_norm": (IMAGE, [node("InstanceNormalization", "x s b")],
                      {"s": draw(6), "b": draw(6)}, "GroupNorm"),
    "layer_norm": ((2, 5, 6), [node("LayerNormalization", "x s b")], {"s": draw(6), "b": draw(6)},
                   "LayerNorm"),
    "layer_norm_2": ((2, 5, 6), [node("LayerNormalization", "x s", axis=1)], {"s": draw(5, 6)},
                     "LayerNorm"),
    "identity": ((3, 5), [node("Dropout", "x", "z"), node("Identity", "z", "u"), node("Relu", "u")],
                 {}, "ReLU"),
}  # fmt: skip
NEWER = {
    "gelu": plain("Gelu", "GELU"),
    "gelu_tanh": plain("Gelu", "GELU", approximate="tanh"),
    "group_norm": (IMAGE, [node("GroupNormalization", "x s b", num_groups=3)],
                   {"s": draw(6), "b": draw(6)}, "GroupNorm"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*CASES, *NEWER])
def test_an_operator(name, tmp_path):
    shape, nodes, constants, layers = {**CASES, **NEWER}[name]
    opset = 21 if name in NEWER else 17
    net, difference = imported(save(tmp_path / "m.onnx", nodes, shape, constants, opset=opset))
    assert " ".join(types(net)) == layers
    assert net.outputs[-1:] == ["y"]
    assert difference <= 1e-5


def test_rows_of_a_table(tmp_path):
    nodes = [node("Gather", "t x")]
    path = save(tmp_path / "m.onnx", nodes, (3, 5), {"t": draw(9, 4)}, kind=7)
    net, difference = imported(path)
    assert types(net) == ["Embed"]
    assert difference == 0


def test_upsample_of_old(tmp_path):
    nodes = [helper.make_node("Upsample", ["x", "s"], ["y"], "up")]
    constants = {"s": np.array([1, 1, 2, 2], "f")}
    net, difference = imported(save(tmp_path / "m.onnx", nodes, IMAGE, constants, opset=9))
    assert types(net) == ["Deconvolution"]
    assert difference == 0


def test_every_operator_is_tested():
    kinds = {n.op_type for _, nodes, _, _ in {**CASES, **NEWER}.values() for n in nodes}
    assert set(IMPORTERS) - kinds == {"Upsample"}

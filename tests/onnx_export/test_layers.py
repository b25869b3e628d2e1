"""Every layer that ONNX can say, with fields that Caffe's recordings do not have."""

import numpy as np
import pytest

from netdef.errors import ConfigError
from netdef.layer import LAYERS, DataLayer
from netdef.net import Net
from netdef.onnx_export.deploying import as_deployed
from netdef.onnx_export.model import export
from netdef.onnx_export.part import EXPORTERS, exports
from netdef.onnx_run import Session
from netdef.proto import TRAIN
from netdef.prototxt import parse_net, read_net
from tests.conformance.recordings import GOLDENS, layer_cases
from tests.onnx_export.agreement import deployed_net, difference

TOLERANCE = 1e-5


def layer(
    kind: str, fields: str = "", bottoms: int = 1, tops: int = 1, name: str = "target"
) -> str:
    ends = "".join(f' bottom: "x{i}"' for i in range(bottoms))
    ends += "".join(f' top: "y{i}"' for i in range(tops))
    return f'layer {{ name: "{name}" type: "{kind}"{ends} {fields} }}'


def inputs(*shapes: str) -> str:
    """Write inputs x0, x1 ... of shapes such as ``2 3 5 5``."""
    return "".join(
        f'layer {{ name: "x{i}" type: "Input" top: "x{i}" input_param {{ shape {{'
        f" {' '.join(f'dim: {n}' for n in shape.split())} }} }} }}"
        for i, shape in enumerate(shapes)
    )


IMAGE = "2 6 7 5"
ONE_LAYER = {
    "attention": (("2 5 6",), layer("Attention", "attention_param { num_heads: 2 }")),
    "attention_causal": (
        ("2 5 6",),
        layer("Attention", "attention_param { num_heads: 3 causal: true bias_term: false }"),
    ),
    "attention_memory": (
        ("2 5 6", "2 4 3"),
        layer("Attention", "attention_param { num_heads: 1 }", 2),
    ),
    "axpy": (("2 6", IMAGE, IMAGE), layer("Axpy", "", 3)),
    "axpy_wide": (("2 6 1 1", IMAGE, IMAGE), layer("Axpy", "", 3)),
    "batch_norm_scaled": ((IMAGE,), layer("BatchNorm", "batch_norm_param { scale_bias: true }")),
    "batch_norm_vector": (("9",), layer("BatchNorm")),
    "bias_bottom": ((IMAGE, "6 7"), layer("Bias", "", 2)),
    "bias_number": ((IMAGE,), layer("Bias", "bias_param { num_axes: 0 }")),
    "bn": ((IMAGE,), layer("BN")),
    "bn_segnet": ((IMAGE,), layer("BN", "bn_param { bn_mode: LEARN }")),
    "bn_segnet_inference": ((IMAGE,), layer("BN", "bn_param { bn_mode: INFERENCE }")),
    "convolution_depthwise": (
        (IMAGE,),
        layer("ConvolutionDepthwise", "convolution_param { num_output: 6 kernel_size: 3 pad: 1 }"),
    ),
    "depthwise_convolution": (
        (IMAGE,),
        layer("DepthwiseConvolution", "convolution_param { num_output: 6 kernel_size: 2 }"),
    ),
    "gelu": ((IMAGE,), layer("GELU")),
    "gelu_tanh": ((IMAGE,), layer("GELU", "gelu_param { approximate: TANH }")),
    "group_norm": ((IMAGE,), layer("GroupNorm", "group_norm_param { group: 3 }")),
    "hard_swish": ((IMAGE,), layer("HardSwish")),
    "interp": ((IMAGE,), layer("Interp", "interp_param { height: 11 width: 4 }")),
    "interp_padded": ((IMAGE,), layer("Interp", "interp_param { zoom_factor: 3 pad_beg: -1 }")),
    "interp_shrunk": ((IMAGE,), layer("Interp", "interp_param { shrink_factor: 2 }")),
    "inner_product_images": (("2 3 4 5 6",), layer(
        "InnerProduct", "inner_product_param { num_output: 7 axis: 3 bias_term: false }")),
    "layer_norm": (("2 5 6",), layer("LayerNorm")),
    "layer_norm_two_axes": (
        ("2 5 6",),
        layer("LayerNorm", "layer_norm_param { axis: 1 scale_term: false }"),
    ),
    "lrn_sequence": (("2 6 9",), layer("LRN", "lrn_param { local_size: 3 alpha: 0.5 }")),
    "lstm_unit": (("1 3 4", "1 3 16", "1 3"), layer("LSTMUnit", "", 3, 2)),
    "normalize": ((IMAGE,), layer("Normalize")),
    "normalize_pixels": (
        (IMAGE,),
        layer("Normalize", "norm_param { across_spatial: false channel_shared: false }"),
    ),
    "permute": ((IMAGE,), layer("Permute", "permute_param { order: 0 order: 3 }")),
    "pool_mask": (
        (IMAGE,),
        layer("Pooling", "pooling_param { kernel_size: 3 stride: 2 pad: 1 }", 1, 2),
    ),
    "pool_mask_global": (
        (IMAGE,),
        layer("Pooling", "pooling_param { global_pooling: true }", 1, 2),
    ),
    "pool_rows": (("2 6 9",), layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 }")),
    "pool_stochastic": (
        (IMAGE,),
        layer("AbsVal", name="abs").replace("y0", "a")
        + layer("Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 stride: 2 }").replace(
            "x0", "a"
        ),
    ),
    "prelu_rows": (("3 4",), layer("PReLU")),
    "psroi_pooling": (
        ("2 12 9 8", "7 5"),
        layer(
            "PSROIPooling",
            "psroi_pooling_param { spatial_scale: 0.25 output_dim: 3 group_size: 2 }",
            2,
        ),
    ),
    "reduction_scalar": ((IMAGE,), layer("Reduction", "reduction_param { axis: 0 coeff: 3 }")),
    "relu_slope": ((IMAGE,), layer("ReLU", "relu_param { negative_slope: 0.1 }")),
    "relu6": ((IMAGE,), layer("ReLU6")),
    "roi_pooling": (
        ("2 4 9 8", "7 5"),
        layer(
            "ROIPooling",
            "roi_pooling_param { pooled_h: 3 pooled_w: 2 spatial_scale: 0.25 }",
            2,
        ),
    ),
    "scale_bottom": ((IMAGE, "2 6"), layer("Scale", "scale_param { axis: 0 bias_term: true }", 2)),
    "scale_number": ((IMAGE,), layer("Scale", "scale_param { num_axes: 0 }")),
    "shuffle_channel": ((IMAGE,), layer("ShuffleChannel", "shuffle_channel_param { group: 3 }")),
    "spp_average": (
        ("2 3 9 9",),
        layer("SPP", "spp_param { pyramid_height: 3 pool: AVE }"),
    ),
    "upsample": (("2 3 2 4", "2 3 2 4"), layer("Upsample", "upsample_param { scale: 2 }", 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_LAYER)
def test_one_layer(name):
    shapes, text = ONE_LAYER[name]
    assert difference(deployed_net(inputs(*shapes) + text)) <= TOLERANCE


@pytest.mark.parametrize("opset", [14, 18, 22])
@pytest.mark.parametrize("name", ["normalize_pixels", "layer_norm", "interp", "scale_bottom"])
def test_other_versions_of_the_operators(name, opset):
    shapes, text = ONE_LAYER[name]
    assert difference(deployed_net(inputs(*shapes) + text), opset) <= TOLERANCE


def detection(fields: str, classes: int = 3, sets: int = 1, items: int = 1) -> str:
    """Write an SSD's end over a small image: 2 priors around each of 12 pixels."""
    boxes = 24
    return inputs(f"{items} {boxes * 4 * sets}", f"{items} {boxes * classes}",
                  f"{items} 2 3 4", f"{items} 3 60 80") + (
        'layer { name: "p" type: "PriorBox" bottom: "x2" bottom: "x3" top: "p" prior_box_param {'
        " min_size: 20 aspect_ratio: 2 flip: false clip: true variance: 0.1 variance: 0.1"
        " variance: 0.2 variance: 0.2 } }"
        'layer { name: "d" type: "DetectionOutput" bottom: "x0" bottom: "x1" bottom: "p" top: "d"'
        f" detection_output_param {{ num_classes: {classes} {fields} }} }}"
    )  # fmt: skip


@pytest.mark.parametrize("items", [1, 3])
@pytest.mark.parametrize(
    ("fields", "sets"),
    [
        ("code_type: CENTER_SIZE confidence_threshold: 0.2 keep_top_k: 7", 1),
        ("nms_param { nms_threshold: 0.1 top_k: 5 } background_label_id: 1", 1),
        ("code_type: CORNER_SIZE share_location: false nms_param { nms_threshold: 0.45 }", 3),
        ("variance_encoded_in_target: true keep_top_k: 200 confidence_threshold: 0", 1),
        ("confidence_threshold: 9", 1),
    ],
)
def test_detections(fields, sets, items):
    assert difference(deployed_net(detection(fields, 3, sets, items))) <= TOLERANCE


def test_overlaps_that_shrink_are_refused():
    net = deployed_net(detection("nms_param { eta: 0.9 }"))
    with pytest.raises(ConfigError) as raised:
        export(net)
    assert str(raised.value) == (
        "net.prototxt:1: layer 'd' (DetectionOutput): nms_param.eta 0.9 has no operator in ONNX;"
        " only 1 has"
    )


def test_layers_in_place_keep_the_names_of_blobs():
    text = inputs(IMAGE) + (
        'layer { name: "shift" type: "Power" bottom: "x0" top: "x0" power_param { shift: 2 } }'
        'layer { name: "ip" type: "InnerProduct" bottom: "x0" top: "ip"'
        " inner_product_param { num_output: 4 } }"
        'layer { name: "tanh" type: "TanH" bottom: "ip" top: "ip" }'
        'layer { name: "relu" type: "ReLU" bottom: "ip" top: "ip" }'
    )
    net = deployed_net(text)
    assert difference(net) <= TOLERANCE
    graph = export(net).graph
    assert [i.name for i in graph.input] == ["x0"]
    assert [o.name for o in graph.output] == ["ip"]
    assert [n.name.partition("/")[0] for n in graph.node] == [
        "shift", "shift", "ip", "ip", "tanh", "relu"
    ]  # fmt: skip


def test_what_is_silenced_is_no_output():
    text = inputs("2 6") + (
        'layer { name: "cut" type: "Slice" bottom: "x0" top: "a" top: "b" }'
        'layer { name: "hush" type: "Silence" bottom: "b" }'
    )
    net = deployed_net(text)
    assert difference(net) == 0
    assert [o.name for o in export(net).graph.output] == ["a"]


def test_shared_weights_are_there_once():
    share = 'param { name: "w" } inner_product_param { num_output: 6 bias_term: false }'
    text = inputs("2 6") + (
        f'layer {{ name: "a" type: "InnerProduct" bottom: "x0" top: "a" {share} }}'
        f'layer {{ name: "b" type: "InnerProduct" bottom: "a" top: "b" {share} }}'
    )
    net = deployed_net(text)
    assert difference(net) <= TOLERANCE
    assert [i.name for i in export(net).graph.initializer] == ["a/0"]


def test_a_state_that_lasts_is_an_input_and_an_output():
    text = inputs("4 2 3", "4 2") + layer(
        "LSTM", "recurrent_param { num_output: 5 weight_filler { type: 'gaussian' } }", 2
    )
    net = deployed_net(text)
    session = Session(export(net).SerializeToString())
    rng = np.random.default_rng(0)
    x, cont = rng.standard_normal((4, 2, 3)).astype("f"), np.ones((4, 2), "f")
    states: dict[str, np.ndarray] = {}
    for _ in range(3):
        mine = np.array(net.forward(x0=x, x1=cont)["y0"])
        made = session.run({"x0": x, "x1": cont, **states})
        np.testing.assert_allclose(made["y0"], mine, atol=1e-6)
        states = {f"target/{s}_0": made[f"target/{s}_T"] for s in "hc"}
    assert np.abs(made["y0"]).max() > 0.1


def test_what_is_random_is_refused_in_training():
    text = parse_net(inputs(IMAGE) + layer("Dropout"), "net.prototxt")
    with pytest.raises(ConfigError) as raised:
        export(Net(as_deployed(text, TRAIN), TRAIN, keep="outputs"))
    assert str(raised.value) == (
        "net.prototxt:1: layer 'target' (Dropout): is random in the phase TRAIN; export the phase"
        " TEST"
    )


def test_a_window_outside_the_image_is_refused():
    text = inputs("1 1 5 5") + layer("Pooling", "pooling_param { kernel_size: 1 stride: 3 }")
    with pytest.raises(ConfigError, match="its last window lies outside the image"):
        export(deployed_net(text))


def test_a_type_without_an_exporter_is_refused(monkeypatch):
    monkeypatch.delitem(EXPORTERS._known, EXPORTERS["ReLU6"] and "ReLU6")
    with pytest.raises(ConfigError) as raised:
        export(deployed_net(inputs(IMAGE) + layer("ReLU6")))
    assert str(raised.value) == (
        "net.prototxt:1: layer 'target' (ReLU6): nothing says this type of layer in ONNX; its"
        " package can, by an entry point of the group netdef.onnx_exporters"
    )


def test_another_package_can_add_an_exporter(monkeypatch):
    monkeypatch.delitem(EXPORTERS._known, EXPORTERS["ReLU6"] and "ReLU6")
    exports("ReLU6")(lambda part: part.add("Clip", part.x, 0.0, 6.0, to=part.y) and None)
    assert difference(deployed_net(inputs(IMAGE) + layer("ReLU6"))) <= TOLERANCE


def types_in_tests() -> set[str]:
    """Return the types of layers in the nets of this file and of the recordings."""
    texts = [parse_net(inputs(*shapes) + text, "net") for shapes, text in ONE_LAYER.values()]
    texts.append(parse_net(detection(""), "net"))
    texts += [read_net(GOLDENS / "layers" / f"{c['name']}.prototxt") for c in layer_cases()]
    return {one.type for text in texts for one in text.net.layer}


def test_every_type_is_tested_or_refused_or_left_out(shared):
    types = {t for t in LAYERS if t in LAYERS._known or not LAYERS._entry_points.get(t)}
    computing = {
        t
        for t in types
        if not issubclass(LAYERS[t], DataLayer)
        and not LAYERS[t].loss_weight
        and t not in ("Input", "Accuracy", "HDF5Output")
    }
    own = {t for t in computing if LAYERS[t].__module__.startswith("netdef.layers")}
    assert own <= set(EXPORTERS)
    assert own - types_in_tests() == {"Python"}

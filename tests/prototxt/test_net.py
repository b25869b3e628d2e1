"""Nets of every age become nets of today, and every layer knows its line."""

from pathlib import Path

import pytest

from netdef.errors import FieldError, IgnoredField, TextError
from netdef.proto import NetParameter
from netdef.prototxt import NetText, net_text, parse_net, read_net, to_text


def upgraded(old: str) -> NetText:
    return parse_net(old, "n.prototxt")


def assert_same(old: str, today: str) -> None:
    assert to_text(upgraded(old).net) == to_text(parse_net(today, "today").net)


def refusal(text: str) -> str:
    with pytest.raises((FieldError, TextError)) as error:
        upgraded(text)
    return str(error.value)


def test_every_layer_knows_its_line() -> None:
    text = upgraded('name: "n"\nlayer {\n name: "a" }\nlayer [{ name: "b" },\n{ name: "c" }]')
    assert text.lines == (2, 4, 5)
    assert text.where(2) == "n.prototxt:5"


def test_inputs_become_layers_at_their_lines() -> None:
    text = upgraded(
        'layer { name: "a" }\ninput: "x"\ninput: "y" input_dim: [1, 2, 3, 4, 5, 6, 7, 8]'
    )
    assert [layer.name for layer in text.net.layer] == ["x", "y", "a"]
    assert text.lines == (2, 3, 1)
    assert_same(
        'input: "x" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4',
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 2, 3, 4] } } }',
    )
    assert_same(
        'input: "x" input_shape { dim: 7 }',
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 7 } } }',
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('input: "x"', "1 input and 0 shapes; give each input one input_shape or four input_dim"),
        (
            'input: ["x", "y"] input_dim: [1, 2, 3, 4]',
            "2 input and 1 shapes; give each input one input_shape or four input_dim",
        ),
        ('input: "x" input_dim: [1, 2, 3]', "3 input_dim are not four for each input"),
    ],
)
def test_inputs_need_shapes(text: str, what: str) -> None:
    assert refusal("\n" + text) == f"n.prototxt:2: {what}"


def test_v1_layers() -> None:
    assert_same(
        """
        layers {
          name: "c" type: CONVOLUTION bottom: "a" top: "b"
          param: "w" blob_share_mode: PERMISSIVE blob_share_mode: STRICT
          blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0 weight_decay: 3
          convolution_param { num_output: 2 }
          include { phase: TRAIN } exclude { stage: "s" } loss_weight: 3
        }
        layers { type: SOFTMAX_LOSS loss_param { ignore_label: 2 } }
        """,
        """
        layer {
          name: "c" type: "Convolution" bottom: "a" top: "b"
          param { name: "w" share_mode: PERMISSIVE lr_mult: 1 decay_mult: 1 }
          param { share_mode: STRICT lr_mult: 2 decay_mult: 0 }
          param { decay_mult: 3 }
          convolution_param { num_output: 2 }
          include { phase: TRAIN } exclude { stage: "s" } loss_weight: 3
        }
        layer { type: "SoftmaxWithLoss" loss_param { ignore_label: 2 } }
        """,
    )


@pytest.mark.parametrize("kind", ["data", "image_data", "window_data"])
def test_transforms_of_v1_data_layers_move(kind: str) -> None:
    assert_same(
        f"layers {{ type: {kind.upper()} {kind}_param {{ batch_size: 3 scale: 2 crop_size: 5 "
        'mirror: true mean_file: "m" } transform_param { force_gray: true } }',
        f'layer {{ type: "{kind.title().replace("_", "")}" {kind}_param {{ batch_size: 3 }} '
        'transform_param { scale: 2 crop_size: 5 mirror: true mean_file: "m" force_gray: true } }',
    )


def test_v0_layers() -> None:
    assert_same(
        """
        layers {
          top: "x"
          layer { name: "d" type: "data" source: "s" meanfile: "m" batchsize: 4 cropsize: 5
                  mirror: true scale: 2 rand_skip: 3 }
        }
        layers {
          layer { name: "c" type: "conv" num_output: 2 kernelsize: 3 group: 1 stride: 2
                  biasterm: false weight_filler { type: "xavier" } blobs_lr: 1 weight_decay: 0 }
          bottom: "x" top: "y"
        }
        layers {
          layer { name: "p" type: "pool" pool: AVE kernelsize: 3 pad: 1 } bottom: "y" top: "z"
        }
        layers { layer { name: "i" type: "innerproduct" num_output: 7 } bottom: "z" top: "i" }
        layers { layer { name: "l" type: "softmax_loss" } bottom: "i" }
        layers { layer { name: "k" type: "lrn" local_size: 3 alpha: 2 beta: 4 k: 5 } }
        layers { layer { name: "v" type: "images" shuffle_images: true new_height: 6 } }
        layers { layer { name: "w" type: "window_data" det_fg_fraction: 0.5 det_crop_mode: "a" } }
        layers { layer { name: "h" type: "hdf5_output" hdf5_output_param { file_name: "f" } } }
        """,
        """
        layer {
          name: "d" type: "Data" top: "x" data_param { source: "s" batch_size: 4 rand_skip: 3 }
          transform_param { mean_file: "m" crop_size: 5 mirror: true scale: 2 }
        }
        layer {
          name: "c" type: "Convolution" bottom: "x" top: "y" param { lr_mult: 1 decay_mult: 0 }
          convolution_param { num_output: 2 kernel_size: 3 group: 1 stride: 2 bias_term: false
                              weight_filler { type: "xavier" } }
        }
        layer {
          name: "p" type: "Pooling" bottom: "y" top: "z"
          pooling_param { pool: AVE kernel_size: 3 pad: 1 }
        }
        layer {
          name: "i" type: "InnerProduct" bottom: "z" top: "i" inner_product_param { num_output: 7 }
        }
        layer { name: "l" type: "SoftmaxWithLoss" bottom: "i" }
        layer { name: "k" type: "LRN" lrn_param { local_size: 3 alpha: 2 beta: 4 k: 5 } }
        layer { name: "v" type: "ImageData" image_data_param { shuffle: true new_height: 6 } }
        layer {
          name: "w" type: "WindowData" window_data_param { fg_fraction: 0.5 crop_mode: "a" }
        }
        layer { name: "h" type: "HDF5Output" hdf5_output_param { file_name: "f" } }
        """,
    )


def test_v0_padding_goes_into_the_convolution() -> None:
    text = upgraded(
        'layers { bottom: "x" top: "p" layer { name: "pad" type: "padding" pad: 2 } }\n'
        'layers { bottom: "p" top: "y" layer { name: "c" type: "conv" num_output: 1 } }'
    )
    assert text.lines == (2,)
    [layer] = text.net.layer
    assert (layer.bottom, layer.top, layer.convolution_param.pad) == (["x"], ["y"], [2])


def test_a_padded_name_may_be_used_again() -> None:
    text = upgraded(
        'layers { bottom: "x" top: "p" layer { name: "pad" type: "padding" pad: 2 } }\n'
        'layers { bottom: "p" top: "p" layer { name: "c" type: "conv" } }'
        'layers { bottom: "p" top: "p" layer { name: "r" type: "relu" } }'
    )
    assert [list(layer.bottom) for layer in text.net.layer] == [["x"], ["p"]]


@pytest.mark.parametrize(
    ("layers", "what"),
    [
        (
            'layers { layer { name: "a" type: "cnv" } }',
            "layer 'a': no old layer type 'cnv'; did you mean 'conv'?",
        ),
        (
            'layers { layer { name: "a" type: "relu" stride: 2 } }',
            "layer 'a': a layer of the old type 'relu' does not take 'stride'; remove it",
        ),
        (
            'layers { bottom: "x" layer { name: "a" type: "padding" } }',
            "layer 'a': a padding layer has one bottom and one top, not 0",
        ),
        (
            'layers { bottom: "x" top: "p" layer { name: "pad" type: "padding" pad: 1 } } '
            'layers { bottom: "p" layer { name: "r" type: "relu" } }',
            "layer 'r': 'relu' cannot read the padding layer 'pad'; only 'conv' and 'pool' can",
        ),
    ],
)
def test_v0_refusals(layers: str, what: str) -> None:
    assert refusal("\n" + layers) == f"n.prototxt:2: {what}"


def test_forms_do_not_mix() -> None:
    assert refusal('layer { name: "a" }\nlayers { name: "b" }') == (
        "n.prototxt:2: 'layers' (the form of 2014) and 'layer' (n.prototxt:1) are mixed; "
        "write all in one form"
    )


def test_three_param_specs_of_batch_norm_are_cleared() -> None:
    specs = "param { lr_mult: 0 } " * 3
    assert_same(f'layer {{ type: "BatchNorm" {specs} }}', 'layer { type: "BatchNorm" }')
    kept = 'layer { type: "BatchNorm" param { lr_mult: 0 } }'
    assert len(upgraded(kept).net.layer[0].param) == 1


def test_a_message_is_upgraded_without_lines() -> None:
    net = NetParameter(input=["x"], input_dim=[1, 2, 3, 4])
    text = net_text(net, "built here")
    assert text.net.layer[0].type == "Input"
    assert text.where(0) == "built here"
    assert net.input == ["x"]


REAL = {
    "lenet/v1era_lenet.prototxt": (9, "Input"),
    "lenet/v1era_lenet_train_test.prototxt": (11, "Data"),
    "lenet/lenet_deploy.prototxt": (9, "Input"),
    "cifar10_v1era/cifar10_quick_train_test.prototxt": (15, "Data"),
    "cifar10_h5/cifar10_full.prototxt": (14, "Input"),
    "squeezenet_v1.1/train_val.prototxt": (70, "Data"),
    "wechat_qrcode/sr.prototxt": (25, "Input"),
}


@pytest.mark.parametrize("name", REAL)
def test_real_nets(shared: Path, name: str) -> None:
    path = shared / "data/models" / name
    text = read_net(path)
    assert (len(text.net.layer), text.net.layer[0].type) == REAL[name]
    written = path.read_text().splitlines()
    for line in text.lines:
        assert written[line - 1].startswith(("layer", "input"))


def test_every_real_net_reads(shared: Path) -> None:
    for path in shared.glob("data/models/*/*.prototxt"):
        if "solver" not in path.name:
            assert all(layer.type for layer in read_net(path).net.layer)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            'type: "Data" data_param { source: "s" scale: 0.5 mirror: true'
            " force_encoded_color: true }",
            "(Data): data_param has scale, mirror, force_encoded_color, which nobody reads there;"
            " write transform_param { scale: ... mirror: ... force_color: ... }",
        ),
        (
            'type: "ImageData" image_data_param { mean_file: "m" crop_size: 3 }',
            "(ImageData): image_data_param has mean_file, crop_size, which nobody reads there;"
            " write transform_param { mean_file: ... crop_size: ... }",
        ),
        (
            'type: "WindowData" window_data_param { scale: 2 crop_size: 3 }',
            "(WindowData): window_data_param has crop_size, which nobody reads there;"
            " write transform_param { crop_size: ... }",
        ),
        (
            'type: "MemoryData" transform_param { scale: 2 }',
            "(MemoryData): transform_param does not change arrays; change them yourself",
        ),
    ],
)
def test_transforms_where_nobody_reads_them_are_warned_of(layer: str, message: str) -> None:
    with pytest.warns(IgnoredField) as told:
        parse_net(f'name: "n"\nlayer {{ name: "in" {layer} }}', "net.prototxt")
    assert [str(one.message) for one in told] == [f"net.prototxt:2: layer 'in' {message}"]


def test_transforms_where_they_are_read_are_not_warned_of() -> None:
    for layer in (
        'type: "Data" transform_param { scale: 2 } data_param { source: "s" batch_size: 3 }',
        'type: "WindowData" window_data_param { scale: 2 }',
        'type: "HDF5Data" transform_param { scale: 2 }',
    ):
        parse_net(f"layer {{ {layer} }}", "net.prototxt")  # warnings are errors

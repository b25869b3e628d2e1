"""What text means, and what is said about text that means nothing."""

from pathlib import Path

import pytest
from google.protobuf import text_format

from netdef.errors import MissingFile, TextError
from netdef.proto import LayerParameter, NetParameter, SolverParameter
from netdef.prototxt import parse_net, parse_solver, read_net, read_solver
from netdef.prototxt.parser import fill
from netdef.prototxt.source import Source, read_source

UINT = "a whole number from 0 to 4294967295"

WRONG = {
    "layer {\n  convolution_param { kernal_size: 3 }\n}": (
        "2:23: ConvolutionParameter has no field 'kernal_size'; did you mean 'kernel_size'?"
    ),
    "layer {\n  multibox_loss_param { num_classes: 2 }\n}": (
        "2:3: LayerParameter has no field 'multibox_loss_param'; only the forks Intel Caffe, "
        "jolibrain's Caffe, NVCaffe, RefineDet and SSD have it"
    ),
    "layer { detection_output_param { nms_param { soft_nms: true } } }": (
        "1:46: NonMaximumSuppressionParameter has no field 'soft_nms'; only the fork jolibrain's "
        "Caffe has it"
    ),
    "layer { convolution_param { engine: MKL2017 } }": (
        "1:37: ConvolutionParameter.Engine has no value 'MKL2017'; only the fork Intel Caffe has it"
    ),
    "layer { pooling_param { pool: AVG } }": (
        "1:31: PoolingParameter.PoolMethod has no value 'AVG'; did you mean 'AVE'?"
    ),
    "layer { pooling_param { pool: 'AVE' } }": (
        "1:31: pool takes a name without quotes, not 'AVE'"
    ),
    "layer { convolution_param { num_output: many } }": f"1:41: num_output takes {UINT}, not many",
    "layer { convolution_param { num_output: -3 } }": f"1:41: num_output takes {UINT}, not -3",
    "layer { convolution_param { num_output: 3.5 } }": f"1:41: num_output takes {UINT}, not 3.5",
    "layer { convolution_param { num_output: 09 } }": f"1:41: num_output takes {UINT}, not 09",
    "layer { convolution_param { num_output: } }": (
        f"1:41: num_output has no value; it takes {UINT}"
    ),
    "layer { power_param { scale: 1e } }": "1:30: scale takes a number, not 1e",
    "layer { convolution_param { bias_term: no } }": "1:40: bias_term takes true or false, not no",
    "layer { name: conv1 }": '1:15: name takes a "string" in quotes, not conv1',
    "layer { name: ": '1:15: name has no value; it takes a "string" in quotes',
    "layer { name 'x' }": "1:14: a ':' is missing after 'name'",
    "layer { relu_param: 3 }": "1:21: relu_param takes a block in braces { }, not 3",
    "layer { bottom: ['a' 'b' top: 'c' }": "1:26: a ',' or ']' is expected in the list",
    "name: 'n'\n layer {\n  name: 'b'": (
        "2:2: the block of this LayerParameter is never closed; a closing brace is missing"
    ),
    "layer {\n name: 'a'\n pooling_param {\n stride: 2\n}\n": (
        "1:1: the block of this LayerParameter is never closed; a closing brace is missing"
    ),
    "layer {\n name: 'a'\n\nlayer { name: 'b' }": (
        "4:1: LayerParameter has no field 'layer'; "
        "is the } missing that closes the block of line 1?"
    ),
    "layer { name: 'b' } }": "1:21: '}' closes nothing",
    "layer { name: 'b' >": "1:19: '>' cannot close this block; write '}'",
    "layer {\n  name: 'b'\n  name: 'c'\n}": "3:3: 'name' is given twice; it takes one value",
    "layer { relu_param {} relu_param {} }": (
        "1:23: 'relu_param' is given twice; it takes one value"
    ),
    "layer { name: 'x' @ }": "1:19: '@' has no meaning here",
    "layer { name: 'x\n }": "1:15: this string is not closed in its line",
    r"layer { name: 'C:\data' }": r"1:15: '\d' is no escape; write \\ for a backslash",
    r"layer { name: '\xff' }": "1:15: name is not UTF-8 text",
    "3: 4": "1:1: a field's name is expected, not 3",
    "layer { clip_param { min: 0 } }": "1:9: ClipParameter needs max",
    "base_lr: 0.1": "1:1: this is a solver (it has 'base_lr'), but a net is expected",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_explained_at_its_place(text: str) -> None:
    with pytest.raises(TextError) as error:
        parse_net(text, "n.prototxt")
    assert str(error.value) == f"n.prototxt:{WRONG[text]}"


def test_a_net_is_no_solver() -> None:
    with pytest.raises(TextError) as error:
        parse_solver('\nlayer { name: "x" }', "s.prototxt")
    expected = "s.prototxt:2:1: this is a net (it has 'layer'), but a solver is expected"
    assert str(error.value) == expected


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "n.prototxt"
    path.write_text("# nothing\n")
    with pytest.raises(TextError) as error:
        read_net(path)
    assert str(error.value) == f"{path}: is empty; a net is expected"
    with pytest.raises(TextError) as error:
        read_solver(path)
    assert str(error.value) == f"{path}: is empty; a solver is expected"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "n.prototxt"
    path.write_bytes(b"\x0a\x05LeNet\x12\x00")
    with pytest.raises(TextError) as error:
        read_net(path)
    assert str(error.value) == f"{path}: is a binary file, not a prototxt"
    path.write_bytes('name: "é"\nlayer { name: "'.encode() + b'\xe9" }')
    with pytest.raises(TextError) as error:
        read_net(path)
    expected = f"{path}:2:16: byte 0xe9 is not UTF-8; save the file as UTF-8 text"
    assert str(error.value) == expected


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as error:
        read_net(tmp_path / "n.prototxt")
    assert str(error.value) == f"{tmp_path}/n.prototxt: no such file or folder"
    with pytest.raises(MissingFile) as error:
        read_net(tmp_path)
    assert str(error.value) == f"{tmp_path}: cannot be read (Is a directory)"


def test_every_way_to_write_a_value() -> None:
    solver = parse_solver(
        "base_lr: 1e-3f; momentum: .9, power: inf clip_gradients: - 2. gamma: 0x\n".replace(
            "0x", "5"
        )
        + "max_iter: 0x10 test_iter: 010 test_iter: [7, 8] test_state < stage: [] > "
        "debug_info: t snapshot_diff: 0 solver_mode: 0 snapshot_format: HDF5 # the end\n"
        + r"""snapshot_prefix: "a\n\"\x41\101\u00e9é" 'b'""",
        "s",
    )
    assert solver == SolverParameter(
        base_lr=1e-3,
        momentum=0.9,
        power=float("inf"),
        clip_gradients=-2,
        gamma=5,
        max_iter=16,
        test_iter=[8, 7, 8],
        test_state=[{}],  # type: ignore[list-item]
        debug_info=True,
        snapshot_diff=False,
        solver_mode=SolverParameter.CPU,
        snapshot_format=SolverParameter.HDF5,
        snapshot_prefix='a\n"AAééb',
    )


def test_bytes_need_not_be_text() -> None:
    from netdef.proto import Datum

    datum = Datum()
    fill(datum, Source(r'data: "\377\x00"', "d"), {})
    assert datum.data == b"\xff\x00"


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "n").write_bytes(b'\xef\xbb\xbfname: "n"')
    assert read_net(tmp_path / "n").net.name == "n"


def test_real_files_read_as_protobuf_reads_them(shared: Path) -> None:
    paths = [*shared.glob("data/models/*/*.prototxt"), *shared.glob("goldens/*/*.prototxt")]
    assert len(paths) > 150
    for path in paths:
        if path.parent.name == "wechat_qrcode":
            continue
        kind = SolverParameter if "solver" in path.name else NetParameter
        ours = kind()
        fill(ours, read_source(path), {})
        assert ours == text_format.Parse(path.read_text(), kind()), path


def test_one_layer_may_be_read_alone() -> None:
    layer = LayerParameter()
    assert fill(layer, Source('name: "a"\ntop: "b"', "l"), {}) == [("name", 1), ("top", 2)]

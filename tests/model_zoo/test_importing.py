"""What a file of weights is, and how it is taken in."""

import shutil

import pytest

import netdef
from netdef.errors import ConfigError, MissingFile, UnknownType, WeightsError
from netdef.model_zoo.cache import place
from netdef.model_zoo.importing import recognize, take_in, weights_in
from netdef.prototxt import parse_net

SMALL = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 } }
"""


@pytest.fixture
def save(tmp_path):
    """Write the first weights of a net, and return the file."""

    def write(net, ending="caffemodel"):
        path = tmp_path / f"some.{ending}"
        netdef.Net(net, netdef.TEST).save(str(path))
        return path

    return write


@pytest.mark.parametrize("ending", ["caffemodel", "caffemodel.h5"])
def test_the_layers_tell(save, ending):
    assert recognize(save("zoo:squeezenet_v1.1", ending)) == ("squeezenet_v1.1", "its layers")


@pytest.mark.slow
def test_a_net_that_is_part_of_another_is_not_taken_for_it(save):
    assert recognize(save("zoo:resnet34")) == ("resnet34", "its layers")
    assert recognize(save("zoo:resnet18")) == ("resnet18", "its layers")


def test_the_checksum_tells_first(shared):
    path = shared / "data" / "models" / "wechat_qrcode" / "sr.caffemodel"
    assert recognize(path) == ("wechat_qrcode_sr", "its checksum")


def test_what_is_taken_in_goes_by_its_name(save):
    path = save("zoo:lenet")
    take_in(path, "lenet")
    assert place("lenet").read_bytes() == path.read_bytes()
    assert [p.name for p in place("lenet").parent.iterdir()] == ["lenet.caffemodel"]


def test_nets_of_the_same_layers_need_a_word(save):
    path = save("zoo:siamese_mnist")
    assert recognize(path, "siamese_mnist") == ("siamese_mnist", "its name")
    with pytest.raises(ConfigError) as raised:
        recognize(path, "nin")
    assert str(raised.value) == f"{path}: is not 'nin': checksum and layers are others"
    with pytest.raises(UnknownType) as unknown:
        recognize(path, "ninn")
    assert str(unknown.value) == "no net or weights of the zoo 'ninn'; did you mean 'nin'?"


def test_two_nets_that_fit(save, monkeypatch):
    path = save("zoo:lenet")
    monkeypatch.setattr("netdef.model_zoo.importing.by_layers", lambda _: ["alexnet", "caffenet"])
    with pytest.raises(ConfigError) as raised:
        recognize(path)
    assert str(raised.value) == (
        f"{path}: its layers fit 2 nets; say which: --as alexnet or --as caffenet"
    )


@pytest.mark.slow
def test_alexnet_and_caffenet_have_the_same_layers(save):
    from netdef.model_zoo.recognition import by_layers

    assert by_layers(save("zoo:alexnet")) == ["alexnet", "caffenet"]


def test_weights_of_no_net(save):
    path = save(parse_net(SMALL, "small"))
    with pytest.raises(WeightsError) as raised:
        recognize(path)
    assert str(raised.value) == (
        f"{path}: neither its checksum nor its layers are those of anything in the zoo; give the"
        " file itself to --weights"
    )


def test_what_is_no_file_of_weights(tmp_path):
    text = tmp_path / "some.caffemodel"
    with pytest.raises(MissingFile) as missing:
        recognize(text)
    assert str(missing.value) == f"{text}: no such file or folder"
    text.write_text("name: 'x'")
    with pytest.raises(WeightsError) as raised:
        recognize(text)
    assert str(raised.value) == (f"{text}: is a text file (a prototxt?); a binary file is expected")


def test_a_folder_has_files_that_end_like_weights(save, tmp_path):
    path = save("zoo:lenet")
    (tmp_path / "in").mkdir()
    shutil.copy(path, tmp_path / "in" / "b.caffemodel.h5")
    (tmp_path / "notes.txt").write_text("")
    assert weights_in(tmp_path) == [tmp_path / "in" / "b.caffemodel.h5", path]

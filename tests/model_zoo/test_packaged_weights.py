"""The weights that come along are whole, and as good as the page of the zoo says."""

import numpy as np
import pytest

import netdef
from netdef.data.convert_mnist import convert_mnist
from netdef.data.convert_text import convert_text, read_vocabulary
from netdef.io.blobs import write_blob
from netdef.model_zoo import nets
from netdef.model_zoo.deploying import deployment

from ..cifar10_jpegs import make_databases

PACKAGED = {"char_lstm", "cifar10_quick", "lenet"}


def test_which_there_are():
    assert {name for name in nets.names() if nets.packaged_weights(name)} == PACKAGED


@pytest.mark.parametrize("name", sorted(PACKAGED))
def test_every_layer_gets_its_weights(name):
    report = netdef.Net(f"zoo:{name}", netdef.TEST).copy_from(f"zoo:{name}")
    assert (report.kept, report.ignored) == ([], [])


def test_the_vocabulary_is_that_of_the_net():
    characters = read_vocabulary(nets.folder("char_lstm") / "vocabulary.json")
    assert "".join(characters).startswith("\n !$&',-.3:;?ABC") and len(characters) == 65


def scores(name, blob, batches):
    net = netdef.Net(f"zoo:{name}/train_val", netdef.TEST, weights=f"zoo:{name}", keep="outputs")
    found = [float(net.forward()[blob]) for _ in range(batches)]
    net.close()
    return np.mean(found)


@pytest.mark.slow
def test_lenet_reads_99_of_100_digits(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    convert_mnist(shared / "data" / "mnist", tmp_path / "examples" / "mnist")
    assert scores("lenet", "accuracy", 100) == pytest.approx(0.991, abs=5e-4)


@pytest.mark.slow
def test_cifar10_quick_tells_7_of_10_images(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mean = make_databases(shared, tmp_path) / "mean.binaryproto"
    channels = deployment("cifar10_quick").preprocessing.mean
    mean.unlink()
    write_blob(mean, np.broadcast_to(np.reshape(channels, (1, 3, 1, 1)), (1, 3, 32, 32)))
    assert scores("cifar10_quick", "accuracy", 100) == pytest.approx(0.708, abs=5e-4)


@pytest.mark.slow
def test_char_lstm_takes_little_more_than_two_bits_a_character(shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "examples" / "char_lstm"
    convert_text(shared / "data" / "tinyshakespeare.txt", folder)
    assert read_vocabulary(folder / "vocabulary.json") == read_vocabulary(
        nets.folder("char_lstm") / "vocabulary.json"
    )
    assert scores("char_lstm", "bits", 41) == pytest.approx(2.14, abs=5e-3)

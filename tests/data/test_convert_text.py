import json

import h5py
import numpy as np
import pytest

from netdef.data.convert_text import convert_text, read_vocabulary
from netdef.data.hdf5_source import HDF5Source
from netdef.errors import ConfigError, DataError, MissingFile

TEXT = "abcdefghijk" * 7 + "abcdefghi" + "k" * 14 + "é\nXYZXYZ"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def read(path):
    with h5py.File(path) as file:
        return {name: values[()] for name, values in file.items()}


@pytest.mark.parametrize("streams", [1, 3, 7])
def test_streams_are_pieces_of_the_text(source, tmp_path, streams):
    made = convert_text(source, tmp_path / "out", streams, held_out=0.25)
    assert made.characters == tuple(sorted(set(TEXT)))
    assert read_vocabulary(made.vocabulary) == made.characters
    cut = len(TEXT) - 27
    parts = {"train": (TEXT[:cut], made.train_steps), "test": (TEXT[cut:], made.test_steps)}
    for name, (text, steps) in parts.items():
        found = read(tmp_path / "out" / f"{name}.h5")
        assert steps == (len(text) - 1) // streams
        assert {k: v.shape for k, v in found.items()} == dict.fromkeys(
            ("cont", "data", "label"), (steps, streams)
        )
        for stream in range(streams):
            first = stream * steps
            for what, begin in (("data", first), ("label", first + 1)):
                said = "".join(made.characters[i] for i in found[what][:, stream])
                assert said == text[begin : begin + steps]
        assert found["cont"].tolist() == [[0] * streams] + [[1] * streams] * (steps - 1)


def test_batches_of_an_hdf5_layer_go_on_where_the_last_one_ended(source, tmp_path):
    made = convert_text(source, tmp_path / "out", streams=2, held_out=0.25)
    batches = HDF5Source(made.train, 10, ("data", "cont"))
    seen = [[array.copy() for array in batches.next()] for _ in range(5)]
    batches.close()
    data, cont = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    rows = [i % made.train_steps for i in range(50)]
    want = read(tmp_path / "out" / "train.h5")
    np.testing.assert_array_equal(data, want["data"][rows])
    np.testing.assert_array_equal(cont, want["cont"][rows])


def test_what_is_refused(source, tmp_path):
    with pytest.raises(MissingFile) as caught:
        convert_text(tmp_path / "no.txt", tmp_path)
    assert str(caught.value) == f"{tmp_path / 'no.txt'}: no such file or folder"
    with pytest.raises(DataError) as caught:
        convert_text(source, tmp_path / "out", streams=32)
    assert str(caught.value) == (
        f"{source}: its 108 characters are too few for 32 streams in the test part; take fewer"
        " streams or a longer text"
    )
    assert not (tmp_path / "out").exists()
    source.write_bytes(b"abc\xff")
    with pytest.raises(DataError) as caught:
        convert_text(source, tmp_path / "out")
    assert str(caught.value) == f"{source}: is no UTF-8 text (byte 3); convert it first"


def test_files_that_are_there_are_kept(source, tmp_path):
    (tmp_path / "vocabulary.json").write_text("mine")
    with pytest.raises(ConfigError) as caught:
        convert_text(source, tmp_path, streams=2)
    there = tmp_path / "vocabulary.json"
    assert str(caught.value) == f"{there}: is there already; remove it, or choose another folder"
    assert there.read_text() == "mine"
    with pytest.raises(ConfigError) as caught:
        convert_text(source, source, streams=2)
    assert str(caught.value) == f"{source}: cannot be made (File exists); choose another"


@pytest.mark.parametrize("content", ["{", '{"a": 1}', '["a", 1]', '["ab"]'])
def test_damaged_vocabulary(tmp_path, content):
    path = tmp_path / "vocabulary.json"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        read_vocabulary(path)
    assert str(caught.value) == (
        f"{path}: is no JSON list of characters, as netdef convert text writes it"
    )


def test_vocabulary_that_is_not_there(tmp_path):
    path = tmp_path / "no.json"
    with pytest.raises(MissingFile, match=f"{path}: no such file or folder"):
        read_vocabulary(path)


def test_vocabulary_is_readable_by_people(source, tmp_path):
    made = convert_text(source, tmp_path / "out", streams=2, held_out=0.25)
    assert made.vocabulary.read_bytes().decode() == json.dumps(
        sorted(set(TEXT)), ensure_ascii=False
    )

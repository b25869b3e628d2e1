"""Features read back from every kind of file that ``netdef extract`` writes."""

import h5py
import numpy as np
import pytest

from netdef.errors import ConfigError, DataError, MissingFile, WeightsError
from netdef.feature_files import feature_file
from netdef.feature_reading import read_features

NAMES = ["roses/a b.jpg", "roses/2.jpg", "tulips/3.jpg"]
LABELS = [1, 1, 4]
ROWS = np.arange(12, dtype=np.float32).reshape(3, 2, 2, 1)
ENDINGS = {"h5": "f.h5", "npz": "f.npz", "npy": "f.npy", "lmdb": "f_lmdb", "leveldb": "f_leveldb"}


def written(folder, kind, **blobs):
    shapes = {name: rows.shape[1:] for name, rows in blobs.items()}
    path = folder / ENDINGS[kind]
    with feature_file(path, kind, shapes, {"data": ["photos"]}) as file:
        for part in (slice(0, 2), slice(2, 3)):
            file.write(NAMES[part], LABELS[part], {n: rows[part] for n, rows in blobs.items()})
    return path


@pytest.mark.parametrize("kind", ENDINGS)
def test_what_was_written_is_read(tmp_path, kind):
    if kind == "leveldb":
        pytest.importorskip("plyvel")
    found = read_features(written(tmp_path, kind, fc=ROWS))
    assert found.names == NAMES
    assert found.labels.tolist() == LABELS
    np.testing.assert_array_equal(found.rows, ROWS.reshape(3, 4))
    assert found.sources == (["photos"] if kind == "h5" else [])
    assert found.class_names() == {1: "roses", 4: "tulips"}


def test_rows_that_caffe_would_write(tmp_path):
    with feature_file(tmp_path / "f", "caffe", {"fc": (4, 1, 1)}, {}) as file:
        file.write(NAMES, LABELS, {"fc": ROWS.reshape(3, 4, 1, 1)})
    found = read_features(tmp_path / "f")
    assert found.names == ["0000000000", "0000000001", "0000000002"]
    assert found.labels.tolist() == [-1, -1, -1]
    assert found.class_names() == {}


def test_classes_whose_folders_do_not_tell_are_numbers(tmp_path):
    with feature_file(tmp_path / "f.npz", "npz", {"fc": (1,)}, {}) as file:
        file.write(["a/1", "b/2", "b/3"], [0, 0, 1], {"fc": ROWS[:, 0, :1, 0]})
    assert read_features(tmp_path / "f.npz").class_names() == {0: "0", 1: "1"}


@pytest.mark.parametrize("kind", ["h5", "npz"])
def test_one_of_several_blobs(tmp_path, kind):
    path = written(tmp_path, kind, fc=ROWS, pool=ROWS[:, :1] * 2)
    assert read_features(path, "pool").rows.tolist() == [[0, 2], [8, 10], [16, 18]]
    with pytest.raises(ConfigError, match="choose one of its blobs with --blob: fc, pool"):
        read_features(path)
    with pytest.raises(ConfigError, match="has no blob 'pol'; did you mean 'pool'?"):
        read_features(path, "pol")


def refusal(path, error=DataError):
    with pytest.raises(error) as caught:
        read_features(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_files_that_hold_no_features(tmp_path):
    assert refusal(tmp_path / "none.h5", MissingFile) == "no such file or folder"
    (tmp_path / "text.npz").write_text("no features")
    assert refusal(tmp_path / "text.npz").startswith("is no file of features, or damaged (")
    np.save(tmp_path / "alone.npy", ROWS)
    assert refusal(tmp_path / "alone.npy", MissingFile).endswith(
        "alone.txt: no such file or folder"
    )
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["data"] = [1.0]
    assert "netdef extract writes them" in refusal(tmp_path / "w.h5")
    np.savez(tmp_path / "short.npz", fc=ROWS, names=NAMES[:2], labels=LABELS)
    assert refusal(tmp_path / "short.npz") == "holds 3 rows, 2 names and 3 labels"
    odd = ROWS.copy()
    odd[1, 0, 0, 0] = np.nan
    np.savez(tmp_path / "nan.npz", fc=odd, names=NAMES, labels=LABELS)
    assert (
        refusal(tmp_path / "nan.npz") == "the row of 'roses/2.jpg' has values that are no numbers"
    )
    np.savez(tmp_path / "empty.npz", fc=ROWS[:0], names=[], labels=[])
    assert refusal(tmp_path / "empty.npz") == "holds no rows of features"


def test_an_hdf5_file_that_is_cut_off(tmp_path):
    path = written(tmp_path, "h5", fc=ROWS)
    path.write_bytes(path.read_bytes()[:2000])
    assert refusal(path, WeightsError).startswith("is cut off or damaged")


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}], object), allow_pickle=True)
    (tmp_path / "evil.txt").write_text("a 0\n")
    assert "allow_pickle" in refusal(tmp_path / "evil.npy")

import re

import h5py
import numpy as np
import pytest

from netdef.data.hdf5_source import HDF5Source
from netdef.errors import DataError, MissingFile


def write(path, rows, start=0, **extra):
    with h5py.File(path, "w") as file:
        numbers = np.arange(start, start + rows)
        file["data"] = np.broadcast_to(numbers[:, None, None], (rows, 2, 3)).astype(np.float64)
        file["label"] = numbers
        for name, values in extra.items():
            file[name] = values
    return path


@pytest.fixture
def listed(tmp_path):
    write(tmp_path / "a.h5", 5)
    write(tmp_path / "b.h5", 3, start=5)
    (tmp_path / "list.txt").write_text("a.h5\nb.h5\n\n")
    return tmp_path / "list.txt"


def labels(path, count, state=None, batch_size=3, **options):
    source = HDF5Source(path, batch_size, ("data", "label"), **options)
    if state:
        source.restore(state)
    got = []
    for _ in range(count):
        data, label = source.next()
        assert data.shape == (batch_size, 2, 3)
        assert data.dtype == label.dtype == np.float32
        assert (data == label[:, None, None]).all()
        got += label.astype(int).tolist()
    source.close()
    source.close()
    return got


def test_rows_come_in_order_over_files_and_rounds(listed):
    assert labels(listed, 6) == [i % 8 for i in range(18)]
    assert labels(listed, 1, batch_size=20) == [i % 8 for i in range(20)]


def test_shapes_are_known_at_once(listed):
    assert HDF5Source(listed, 3, ("data", "label")).shapes == ((3, 2, 3), (3,))


def test_caffes_solver_data(shared):
    folder = shared / "goldens/solvers"
    source = HDF5Source(folder / "train.txt", 10, ("data", "label"))
    for _ in range(7):
        data, label = source.next()
    with h5py.File(folder / "train.h5") as file:
        rows = np.arange(60, 70) % 64
        np.testing.assert_array_equal(data, file["data"][:][rows])
        np.testing.assert_array_equal(label, file["label"][:][rows])
    source.close()


def test_a_shuffled_round_has_every_row_once_and_is_another_each_time(listed):
    got = labels(listed, 8, batch_size=8, shuffle=True, seed=3)
    rounds = [tuple(got[i : i + 8]) for i in range(0, 64, 8)]
    assert all(sorted(one) == list(range(8)) for one in rounds)
    assert len(set(rounds)) == 8
    # Files keep together, and come in either order.
    assert {max(one[:3]) >= 5 for one in rounds} == {True, False}
    assert labels(listed, 8, batch_size=8, shuffle=True, seed=4) != got


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_resumed_source_equals_an_unbroken_one(listed, shuffle):
    whole = labels(listed, 9, shuffle=shuffle)
    source = HDF5Source(listed, 3, ("data", "label"), shuffle)
    for _ in range(4):
        source.next()
    assert source.state() == {"position": 12}
    source.close()
    assert labels(listed, 5, {"position": 12}, shuffle=shuffle) == whole[12:]


def test_a_list_names_files_from_the_current_folder_first(listed, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    write(tmp_path / "here" / "a.h5", 2, start=100)
    monkeypatch.chdir(tmp_path / "here")
    assert labels(listed, 1) == [100, 101, 5]


def refusal(path, error=DataError, tops=("data", "label")):
    with pytest.raises(error) as caught:
        HDF5Source(path, 2, tops)
    return str(caught.value).replace(str(path.parent), "T")


def test_a_missing_list(tmp_path):
    assert refusal(tmp_path / "no", MissingFile) == "T/no: no such file or folder"


def test_a_file_in_place_of_the_list(listed):
    assert refusal(listed.parent / "a.h5") == (
        "T/a.h5: is not text; source names a list of .h5 files, one a line"
    )


def test_a_missing_file_is_told_with_the_line(listed):
    listed.write_text("a.h5\n\nc.h5\n")
    assert refusal(listed, MissingFile) == (
        "T/list.txt:3: c.h5: no such file, neither from the current folder nor in T"
    )


def test_an_empty_list(listed):
    listed.write_text("\n")
    assert refusal(listed) == "T/list.txt: lists no files; name one .h5 file a line"


def test_files_without_rows(listed):
    write(listed.parent / "a.h5", 0)
    listed.write_text("a.h5\n")
    assert refusal(listed) == "T/list.txt: its files have no rows"


def test_a_missing_dataset_names_the_nearest(listed):
    assert refusal(listed, tops=("data", "lable")) == (
        "T/list.txt:1: T/a.h5: no dataset 'lable'; did you mean 'label'?"
    )
    assert refusal(listed, tops=("clip",)) == (
        "T/list.txt:1: T/a.h5: no dataset 'clip'; it has 'data', 'label'"
    )


def test_datasets_of_other_lengths(listed):
    write(listed.parent / "b.h5", 3, clip=np.zeros(4))
    listed.write_text("b.h5\n")
    assert refusal(listed, tops=("data", "clip")) == (
        "T/list.txt:1: T/b.h5: its datasets differ in their rows: 'data' has 3, 'clip' has 4"
    )


def test_files_with_other_rows(listed):
    with h5py.File(listed.parent / "b.h5", "w") as file:
        file["data"], file["label"] = np.zeros((3, 2, 4)), np.zeros(3)
    assert refusal(listed) == (
        "T/list.txt:2: T/b.h5: a row of 'data' has the shape (2, 4), in T/a.h5 (2, 3)"
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.float32(1), "dataset 'x' is a single value; its first axis must number the rows"),
        (np.array([b"a", b"b"]), "dataset 'x' holds |S1, not numbers"),
    ],
)
def test_datasets_that_are_no_tops(listed, values, message):
    write(listed.parent / "a.h5", 2, x=values)
    assert refusal(listed, tops=("x",)) == f"T/list.txt:1: T/a.h5: {message}"


def test_a_file_that_is_no_hdf5(listed):
    (listed.parent / "a.h5").write_text("x")
    assert re.fullmatch(
        r"T/list.txt:1: T/a.h5: is not an HDF5 file, or is damaged \(.+\)", refusal(listed)
    )


def test_a_file_that_vanishes_is_named(listed):
    source = HDF5Source(listed, 5, ("data", "label"))
    source.next()
    (listed.parent / "b.h5").unlink()
    with pytest.raises(DataError, match=rf"^{listed.parent}/b.h5: cannot be opened any more \("):
        source.next()
    source.close()

import re
import subprocess
import sys

import h5py
import numpy as np
import pytest

from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode
from netdef.data.hdf5_source import HDF5Source
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import DataError, MissingFile, ShapeError
from netdef.proto import TEST, TRAIN, TransformationParameter


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


def test_a_list_of_another_system(listed):
    listed.write_bytes(b"\xef\xbb\xbfa.h5\r\nb.h5\r\n")
    assert labels(listed, 2) == [0, 1, 2, 3, 4, 5]


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
    source = HDF5Source(listed, 10, ("data", "label"))
    (listed.parent / "b.h5").unlink()
    for _ in range(2):  # and again: nothing is stuck
        with pytest.raises(DataError, match=rf"^{listed.parent}/b.h5: cannot be opened any more "):
            source.next()
    source.close()


IMAGES = np.random.default_rng(0).integers(0, 256, (11, 3, 9, 8), np.uint8)
CHANGES = TransformationParameter(
    crop_size=6, mirror=True, mean_value=[100, 110, 120], scale=0.5, min_crop_area=0.4, pad=1,
    brightness=0.2, hue=9, cutout=2,
)  # fmt: skip


def write_images(folder, dtype=np.uint8):
    with LmdbWriter(folder / "lmdb") as database:
        for number, image in enumerate(IMAGES):
            database.put(b"%04d" % number, encode(image, number))
    for name, part in (("a", slice(7)), ("b", slice(7, None))):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["data"], file["label"] = IMAGES[part].astype(dtype), np.arange(11)[part]
    (folder / "images.txt").write_text("a.h5\nb.h5\n")
    return folder / "images.txt"


@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("cores", [1, 4])
def test_images_are_changed_as_those_of_a_database(tmp_path, monkeypatch, phase, cores):
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    path = write_images(tmp_path)
    theirs = DatabaseSource(tmp_path / "lmdb", "LMDB", 4, CHANGES, phase, 3, name="in")
    mine = HDF5Source(
        path, 4, ("data", "label"), seed=3, transform_param=CHANGES, phase=phase, name="in"
    )
    assert mine.shapes == theirs.shapes
    for _ in range(7):
        for found, wanted in zip(mine.next(), theirs.next(), strict=True):
            np.testing.assert_array_equal(found, wanted)
    mine.close()
    theirs.close()


def test_images_of_floats_are_not_rounded(tmp_path):
    path = write_images(tmp_path, np.float64)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["data"][0] = 0.25
    param = TransformationParameter(crop_size=2, scale=2)
    source = HDF5Source(path, 11, ("data", "label"), transform_param=param)
    images, _ = source.next()
    assert (images[0] == 0.5).all()
    np.testing.assert_array_equal(images[1:], 2.0 * IMAGES[1:, :, 3:5, 3:5])
    source.close()


def test_a_resumed_source_changes_images_as_an_unbroken_one(tmp_path):
    path = write_images(tmp_path)
    options = {"shuffle": True, "transform_param": CHANGES, "phase": TRAIN}
    source = HDF5Source(path, 4, ("data", "label"), **options)
    whole = [[top.copy() for top in source.next()] for _ in range(9)]
    source.restore({"position": 16})
    for wanted in whole[4:]:
        for found, top in zip(source.next(), wanted, strict=True):
            np.testing.assert_array_equal(found, top)
    source.close()


def test_what_are_no_images_is_not_changed(listed):
    with pytest.raises(ShapeError) as caught:
        HDF5Source(listed, 3, ("data", "label"), transform_param=CHANGES)
    assert str(caught.value).replace(str(listed.parent), "T") == (
        "T/a.h5: dataset 'data': its rows have the shape (2, 3), and transform_param changes"
        " images (C, H, W); remove transform_param"
    )


def test_rows_are_read_ahead_and_never_a_whole_file(tmp_path):
    count, row = 1500, 64 << 10
    with h5py.File(tmp_path / "big.h5", "w") as file:  # 98 MB that are not on the disk
        file.create_dataset("data", (count, row), "u1", chunks=(1, row))
        file["label"] = np.arange(count)
    (tmp_path / "big.txt").write_text("big.h5\n")
    program = f"""
import resource
from netdef.data.hdf5_source import HDF5Source
for shuffle in (False, True):
    source = HDF5Source({str(tmp_path / "big.txt")!r}, 8, ("data", "label"), shuffle)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(60):
        source.next()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    source.close()
"""
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert max(map(int, ran.stdout.split())) < 48 << 10  # KiB, half of the file

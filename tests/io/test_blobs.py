"""Blobs in every form that Caffe and its forks have written."""

from pathlib import Path

import numpy as np
import pytest

from netdef.errors import MissingFile, WeightsError
from netdef.io.blobs import array_from, array_of, blob_of, read_blob, write_blob
from netdef.io.wire import head, varint
from netdef.proto import BlobProto

OTHER = "is damaged or of another kind"
SIX = np.arange(6, dtype=np.float32)


def raw(kind: int, content: bytes) -> memoryview:
    """Return a blob as NVCaffe writes it."""
    shape = BlobProto(shape={"dim": [2, 3]}).SerializeToString()  # type: ignore[arg-type]
    return memoryview(shape + varint(10 << 3) + varint(kind) + head(12, len(content)) + content)


def test_today() -> None:
    array = array_of(BlobProto(shape={"dim": [2, 3]}, data=SIX))  # type: ignore[arg-type]
    np.testing.assert_array_equal(array, SIX.reshape(2, 3))
    assert (array.dtype, array.flags.writeable) == (np.float32, True)


def test_the_old_shape_has_four_axes() -> None:
    assert array_of(BlobProto(num=1, channels=2, height=1, width=3, data=SIX)).shape == (1, 2, 1, 3)
    assert array_of(BlobProto(width=0, num=3)).shape == (3, 0, 0, 0)


def test_no_shape_is_one_axis() -> None:
    assert array_of(BlobProto(data=SIX)).shape == (6,)


def test_a_scalar() -> None:
    assert array_of(blob_of(np.float32(3))).tolist() == 3  # type: ignore[arg-type]


def test_doubles() -> None:
    array = array_of(BlobProto(shape={"dim": [6]}, double_data=SIX))  # type: ignore[arg-type]
    np.testing.assert_array_equal(array, SIX)
    assert array.dtype == np.float32


@pytest.mark.parametrize(("kind", "dtype"), [(0, "f8"), (1, "f4"), (2, "f2"), (3, "i4")])
def test_nvcaffe_raw_data(kind: int, dtype: str) -> None:
    array = array_from(raw(kind, SIX.astype("<" + dtype).tobytes()))
    np.testing.assert_array_equal(array, SIX.reshape(2, 3))
    assert array.dtype == np.float32


def test_an_unknown_raw_type() -> None:
    with pytest.raises(WeightsError) as error:
        array_from(raw(9, bytes(6)))
    assert str(error.value) == "holds raw_data of the unknown type 9"


def test_values_that_are_not_packed() -> None:
    content = b"".join(varint(5 << 3 | 5) + value.tobytes() for value in SIX)
    np.testing.assert_array_equal(array_from(memoryview(content)), SIX)


def test_values_and_shapes_in_parts() -> None:
    half = BlobProto(shape={"dim": [2]}, data=SIX[:3]).SerializeToString()  # type: ignore[arg-type]
    rest = BlobProto(shape={"dim": [3]}, data=SIX[3:]).SerializeToString()  # type: ignore[arg-type]
    np.testing.assert_array_equal(array_from(memoryview(half + rest)), SIX.reshape(2, 3))


def test_a_blob_is_what_protobuf_makes_of_it() -> None:
    array = np.random.default_rng(0).normal(size=(300, 2, 1)).astype(np.float32)
    blob = blob_of(array)
    assert list(blob.shape.dim) == [300, 2, 1]
    np.testing.assert_array_equal(np.array(blob.data, np.float32), array.ravel())
    np.testing.assert_array_equal(array_of(blob_of(array.T)), array.T)
    assert array_of(blob_of(np.empty((0, 2)))).shape == (0, 2)


def test_too_few_values() -> None:
    with pytest.raises(WeightsError) as error:
        array_of(BlobProto(shape={"dim": [2, 2]}, data=SIX))  # type: ignore[arg-type]
    assert str(error.value) == "is damaged: a blob of shape (2, 2) holds 6 values"


def test_half_a_value() -> None:
    with pytest.raises(WeightsError) as error:
        array_from(memoryview(head(5, 6) + bytes(6)))
    assert str(error.value) == "is damaged: a blob ends in the middle of a value"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("data/imagenet/imagenet_mean.binaryproto", (1, 3, 256, 256)),
        ("data/models/cifar10_mean.binaryproto", (1, 3, 32, 32)),
        ("goldens/databases/mean.binaryproto", (1, 3, 28, 32)),
    ],
)
def test_real_means(shared: Path, name: str, shape: tuple[int, ...]) -> None:
    mean = read_blob(shared / name)
    assert mean.shape == shape
    exact = BlobProto.FromString((shared / name).read_bytes())
    np.testing.assert_array_equal(mean.ravel(), np.array(exact.data, np.float32))


def test_a_mean_file_reads_back(tmp_path: Path) -> None:
    write_blob(tmp_path / "m", SIX.reshape(1, 6))
    np.testing.assert_array_equal(read_blob(tmp_path / "m"), SIX.reshape(1, 6))


def test_files_that_hold_no_blob(tmp_path: Path) -> None:
    path = tmp_path / "m"
    for content, what in {
        b"": "is empty",
        b'name: "LeNet"': "is a text file (a prototxt?); a binary file is expected",
        b"\x60\x03": f"{OTHER}: a number stands where a message should",
        b"\xa2\x06\x00": "holds no values; a BlobProto (mean.binaryproto) is expected",
        b"\x0a\x03ab\x01": f"{OTHER}: a message stands where a number should",
        b"\x28\x03": f"{OTHER}: a number stands where a message should",
        b"\x2a\x08\x00\x00": "is cut off or damaged: at least 6 bytes are missing",
        b"\x08\xff": "is cut off or damaged: a number in it does not end",
        b"\x0f\xff": "is damaged: a field of it has no meaning",
        b"\x02\x00": "is damaged: a field of it has no meaning",
    }.items():
        path.write_bytes(content)
        with pytest.raises(WeightsError) as error:
            read_blob(path)
        assert str(error.value) == f"{path}: {what}"
    with pytest.raises(MissingFile) as missing:
        read_blob(tmp_path / "no")
    assert str(missing.value) == f"{tmp_path}/no: no such file or folder"

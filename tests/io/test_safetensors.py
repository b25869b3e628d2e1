"""Files of tensors by name."""

import json
import struct

import numpy as np
import pytest

from netdef.errors import DataError, MissingFile
from netdef.io.safetensors import read_safetensors


def write(path, tensors, **changes):
    """Write tensors, ``name: (kind, shape, bytes)``; ``changes`` replace header entries."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, shape, content) in tensors.items():
        ends = [len(data), len(data) + len(content)]
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": ends}
        data += content
    text = json.dumps({**header, **changes}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_kinds_of_numbers(tmp_path):
    values = np.array([[1.5, -2], [0.25, 1024]])
    upper = (values.astype("<f4").view("<u4") >> 16).astype("<u2")
    path = write(
        tmp_path / "t.safetensors",
        {
            "single": ("F32", (2, 2), values.astype("<f4").tobytes()),
            "half": ("F16", (4,), values.astype("<f2").tobytes()),
            "brain": ("BF16", (2, 2), upper.tobytes()),
            "double": ("F64", (2, 2), values.astype("<f8").tobytes()),
            "count": ("I64", (), np.int64(7).tobytes()),
            "none": ("F32", (0, 3), b""),
        },
    )
    found = read_safetensors(path)
    for name in ("single", "brain", "double"):
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], values)
    np.testing.assert_array_equal(found["half"], values.ravel())
    assert found["count"] == 7
    assert found["none"].shape == (0, 3)


ONE = {"w": ("F32", (2,), bytes(8))}


def test_damage(tmp_path):
    path = tmp_path / "t.safetensors"
    with pytest.raises(MissingFile):
        read_safetensors(path)
    path.write_bytes(b"\x80\x02}q\x00." * 9)
    with pytest.raises(DataError) as raised:
        read_safetensors(path)
    assert str(raised.value) == f"{path}: is no safetensors file, or its header is damaged"
    write(path, ONE)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError) as raised:
        read_safetensors(path)
    assert str(raised.value) == f"{path}: tensor 'w' is not whole; the file is cut or damaged"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}, "tensor 'w' is not whole"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}, "tensor 'w' is not whole"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [8]}, "its header is damaged"),
        ({"dtype": "F32", "shape": [2]}, "its header is damaged"),
        ({"dtype": "F32", "shape": ["2"], "data_offsets": [0, 8]}, "its header is damaged"),
        ({"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}, "tensor 'w' is of F8_E4M3"),
    ],
)
def test_headers_that_lie(entry, message, tmp_path):
    path = write(tmp_path / "t.safetensors", ONE, w=entry)
    with pytest.raises(DataError, match=message):
        read_safetensors(path)

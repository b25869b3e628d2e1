import cv2
import numpy as np

from netdef.data.datum import encode, encode_file
from netdef.data.lmdb_writer import LmdbWriter
from netdef.data.survey import samples, survey

IMAGE = np.arange(24, dtype=np.uint8).reshape(3, 2, 4)


def write(path, values):
    with LmdbWriter(path) as writer:
        for number, value in enumerate(values):
            writer.put(b"%04d" % number, value)
    return path


def test_what_is_counted(tmp_path):
    png = cv2.imencode(".png", IMAGE[0])[1].tobytes()
    values = [
        encode(IMAGE, 5),
        encode(IMAGE, 5),
        encode(IMAGE[:1].astype(np.float32), -1),
        encode_file(png, 7),
        encode_file(png[:50], 7),
        b"x",
    ]
    found = survey(write(tmp_path / "db", values))
    assert found.records == 6
    assert found.bytes == sum(map(len, values))
    assert found.kinds == {"bytes": 2, "floats": 1, "image files": 1}
    assert found.shapes == {(3, 2, 4): 2, (1, 2, 4): 2}
    assert found.labels == {5: 2, -1: 1, 7: 1}
    assert [key for key, _ in found.damaged] == ["0004", "0005"]
    assert found.damaged[1][1] == (
        "is not a Datum (1 bytes that do not parse); convert the images into the database again"
    )


def test_samples_are_spread_evenly(tmp_path):
    database = write(tmp_path / "db", [encode(IMAGE, i) for i in range(10)])
    assert [label for _, label in samples(database, 4)] == [0, 2, 5, 7]
    assert [label for _, label in samples(database, 99)] == list(range(10))

import re
import resource
import threading

import cv2
import lmdb
import numpy as np
import pytest

from netdef.data.database import database_writer
from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode, encode_file
from netdef.data.lmdb_reader import LmdbReader
from netdef.data.lmdb_writer import LmdbWriter
from netdef.errors import ConfigError, DataError, ShapeError
from netdef.proto import TEST, TRAIN, TransformationParameter

RNG = np.random.default_rng(2)
IMAGES = RNG.integers(0, 256, (10, 3, 6, 8), np.uint8)
RANDOM = dict(crop_size=5, mirror=True, mean_value=[1, 2, 3], scale=0.5)


def write(path, values):
    with LmdbWriter(path) as writer:
        for number, value in enumerate(values):
            writer.put(b"%08d" % number, value)
    return path


def png(image):
    return cv2.imencode(".png", image.transpose(1, 2, 0))[1].tobytes()


@pytest.fixture
def raw(tmp_path):
    return write(tmp_path / "raw", [encode(image, i) for i, image in enumerate(IMAGES)])


@pytest.fixture
def encoded(tmp_path):
    return write(tmp_path / "png", [encode_file(png(x), i) for i, x in enumerate(IMAGES)])


def source(path, batch_size=4, phase=TRAIN, seed=1, backend="LMDB", fields=None, **options):
    param = TransformationParameter(**(fields or {}))
    return DatabaseSource(path, backend, batch_size, param, phase, seed, **options)


def batches(path, count, state=None, **options):
    opened = source(path, **options)
    if state:
        opened.restore(state)
    got = [tuple(top.copy() for top in opened.next()) for _ in range(count)]
    opened.close()
    opened.close()
    return got


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("prefetch", [0, 3])
def test_records_in_order_round_and_round(raw, encoded, prefetch):
    for path in (raw, encoded):
        got = batches(path, 5, prefetch=prefetch)
        labels = np.concatenate([label for _, label in got])
        assert labels.tolist() == [i % 10 for i in range(20)]
        assert labels.dtype == np.float32
        np.testing.assert_array_equal(
            np.concatenate([x for x, _ in got]), IMAGES[labels.astype(int)]
        )


def test_shapes_are_known_before_any_thread(raw):
    threads = threading.active_count()
    opened = source(raw, fields=RANDOM)
    assert opened.shapes == ((4, 3, 5, 5), (4,))
    assert threading.active_count() == threads
    opened.close()
    unlabelled = source(raw, with_label=False)
    assert unlabelled.shapes == ((4, 3, 6, 8),)
    assert len(unlabelled.next()) == 1
    unlabelled.close()


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_change_no_byte(raw, encoded, threads):
    for path in (raw, encoded):
        wanted = batches(path, 30, fields=RANDOM, prefetch=0)
        assert_equal(batches(path, 30, fields=RANDOM, prefetch=5, threads=threads), wanted)


@pytest.mark.parametrize("consumed", [0, 1, 3, 7])
def test_a_resumed_source_equals_an_unbroken_one(raw, consumed):
    options = dict(fields=RANDOM, rand_skip=7, name="data")
    whole = batches(raw, consumed + 5, **options)
    opened = source(raw, **options)
    for _ in range(consumed):
        opened.next()
    state = opened.state()
    opened.next()
    opened.restore(state)
    again = [tuple(top.copy() for top in opened.next()) for _ in range(5)]
    opened.close()
    assert_equal(again, whole[consumed:])
    assert_equal(batches(raw, 5, state, **options), whole[consumed:])


@pytest.mark.parametrize("consumed", [1, 2, 3, 5])
def test_an_lmdb_is_gone_on_from_by_key_and_not_walked(raw, monkeypatch, consumed):
    walked = []
    go_to = LmdbReader._go_to

    def spy(reader, number):
        walked.append(number != reader._next)
        go_to(reader, number)

    opened = source(raw, batch_size=4, prefetch=3)
    for _ in range(consumed):
        opened.next()
    state = opened.state()
    assert state == {"position": 4 * consumed, "record": b"%08d" % ((4 * consumed - 1) % 10)}
    opened.restore({"position": 0})  # what was read ahead is no part of what follows
    opened.next()
    assert opened.state() == {"position": 4, "record": b"00000003"}
    opened.close()
    following = batches(raw, consumed + 3)[consumed:]
    other = source(raw)
    monkeypatch.setattr(LmdbReader, "_go_to", spy)
    other.restore(state)
    assert_equal([tuple(top.copy() for top in other.next()) for _ in range(3)], following)
    other.close()
    assert not any(walked)
    # A snapshot of before keys were kept has the number alone.
    assert_equal(batches(raw, 3, {"position": 4 * consumed}), following)
    assert any(walked)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("backend", ["LMDB", "LEVELDB"])
def test_another_database_is_not_gone_on_with(tmp_path, backend, shuffle):
    values = [encode(image, i) for i, image in enumerate(IMAGES)]
    for name, keys in (("one", b"%08d"), ("other", b"a%08d")):
        with database_writer(tmp_path / name, backend) as writer:
            for number, value in enumerate(values):
                writer.put(keys % number, value)
    options = dict(backend=backend, shuffle=shuffle)
    opened = source(tmp_path / "one", **options)
    opened.next()
    state = opened.state()
    opened.close()
    other = source(tmp_path / "other", **options)
    with pytest.raises(DataError) as error:
        other.restore(state)
    other.close()
    assert str(error.value) == (
        f"{tmp_path / 'other'}: has no record {state['record'].decode()!r}, behind which the"
        " snapshot goes on, in its place: it is another database, or was changed; take the one of"
        " that run, or begin anew with --weights"
    )
    assert len(batches(tmp_path / "one", 1, state, **options)) == 1


def test_a_round_differs_from_the_round_before(raw):
    one, other = batches(raw, 2, batch_size=10, fields=RANDOM)
    np.testing.assert_array_equal(one[1], other[1])
    assert not np.array_equal(one[0], other[0])


def test_layers_of_other_names_and_seeds_differ(raw):
    got = [
        batches(raw, 1, batch_size=10, fields=RANDOM, **key)[0][0].tobytes()
        for key in (dict(name="a"), dict(name="b"), dict(name="a", seed=9), dict(name="a"))
    ]
    assert len(set(got)) == 3
    assert got[0] == got[3]


def test_rand_skip_leaves_out_fewer_than_it_says(raw):
    firsts = {batches(raw, 1, seed=seed, rand_skip=3)[0][1][0] for seed in range(30)}
    assert firsts == {0, 1, 2}


def test_force_gray_and_color_are_for_encoded_images(raw, encoded):
    assert batches(encoded, 1, fields=dict(force_gray=True))[0][0].shape == (4, 1, 6, 8)
    assert batches(raw, 1, fields=dict(force_gray=True))[0][0].shape == (4, 3, 6, 8)


def test_caffes_databases(shared):
    folder = shared / "goldens/databases"
    fields = dict(mean_file=str(folder / "mean.binaryproto"))
    ((x, label),) = batches(folder / "raw_lmdb", 1, batch_size=25, fields=fields)
    assert x.shape == (25, 3, 28, 32)
    assert label.tolist() == [0, 1, 2, 3] * 6 + [3]
    # The mean is that of these very images.
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-3)
    assert_equal(batches(folder / "png_lmdb", 1, batch_size=25, fields=fields), [(x, label)])


def test_caffes_leveldb_gives_the_batches_of_its_lmdb(shared):
    folder = shared / "goldens/databases"
    options = dict(batch_size=10, fields=dict(mirror=True))
    wanted = batches(folder / "raw_lmdb", 6, **options)
    assert_equal(batches(folder / "raw_leveldb", 6, backend="LEVELDB", **options), wanted)


def damaged(path, value):
    return write(path, [encode(IMAGES[0], 0)] * 3 + [value])


@pytest.mark.parametrize(
    ("value", "fields", "error", "message"),
    [
        (
            encode(IMAGES[0], 0)[:30],
            {},
            DataError,
            "is not a Datum (30 bytes that do not parse); convert the images into the database "
            "again",
        ),
        (
            encode_file(b"junk", 0),
            {},
            DataError,
            "its 4 bytes are not an image that OpenCV reads; it is damaged or of an unknown format",
        ),
        (
            encode(IMAGES[0, :, 1:], 0),
            {},
            ShapeError,
            "its image becomes (3, 5, 8), the first one (3, 6, 8); set crop_size or batch_size "
            "1, or convert the images with one size",
        ),
        (
            encode(IMAGES[0, :, 2:], 0),
            dict(crop_size=5),
            ShapeError,
            "crop_size 5 is larger than the image of 4 x 8 pixels; lower crop_size or convert to "
            "larger images",
        ),
    ],
)
@pytest.mark.parametrize("prefetch", [0, 4])
def test_a_bad_record_is_named(tmp_path, value, fields, error, message, prefetch):
    path = damaged(tmp_path / "db", value)
    opened = source(path, batch_size=2, fields=fields, prefetch=prefetch)
    opened.next()
    whole = re.escape(f"{path}: record '00000003': {message}")
    for _ in range(2):  # it stays where it is, and says so again
        with pytest.raises(error, match=f"^{whole}$"):
            opened.next()
        assert opened.state() == {"position": 2, "record": b"00000001"}
    opened.restore({"position": 4})
    assert opened.next()[1].tolist() == [0, 0]
    opened.close()


def test_a_first_record_that_does_not_fit_is_named_at_once(raw):
    message = (
        f"{raw}: record '00000000': crop_size 7 is larger than the image of 6 x 8 pixels; lower "
        "crop_size or convert to larger images"
    )
    for _ in range(2):
        with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
            source(raw, phase=TEST, fields=dict(crop_size=7))
    lmdb.open(str(raw), readonly=True, lock=False).close()  # nobody holds it


def test_the_default_backend_is_refused_with_the_mend(raw):
    message = f"{raw}: is an LMDB, but backend is LEVELDB (Caffe's default); set backend: LMDB"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        source(raw, backend="LEVELDB")


def test_memory_stays_flat(raw):
    opened = source(raw, batch_size=256, fields=RANDOM, prefetch=3)
    for _ in range(50):
        opened.next()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(400):
        opened.next()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    opened.close()
    # 400 batches of 77 kB would be 30 MB.
    assert grown < 8 * 1024


def test_labels_of_several_numbers(tmp_path):
    labels = [(0.5, 1.0, 2.0), (3.0, 4.0, 5.0)]
    values = [encode(x, label) for x, label in zip(IMAGES, labels, strict=False)]
    path = write(tmp_path / "db", values)
    ((x, label),) = batches(path, 1, batch_size=3)
    np.testing.assert_array_equal(x, IMAGES[[0, 1, 0]])
    assert label.tolist() == [[0.5, 1, 2], [3, 4, 5], [0.5, 1, 2]]
    path = write(tmp_path / "other", [*values, encode(IMAGES[0], 7)])
    message = (
        f"{path}: record '00000002': its labels have the shape (), those of the first record (3,); "
        "convert the images again"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        batches(path, 1)


def test_a_shuffled_round_has_every_record_once(raw):
    numbers = np.concatenate([label for _, label in batches(raw, 15, shuffle=True)])
    rounds = numbers.reshape(6, 10)
    for each in rounds:
        assert sorted(each) == list(range(10))
    assert len({tuple(each) for each in rounds}) == 6
    again = np.concatenate([label for _, label in batches(raw, 15, shuffle=True, seed=2)])
    assert again.tolist() != numbers.tolist()


@pytest.mark.parametrize("consumed", [1, 4])
def test_a_shuffled_source_goes_on_where_it_was(raw, encoded, consumed):
    for path in (raw, encoded):
        options = dict(fields=RANDOM, shuffle=True, rand_skip=5, threads=2)
        whole = batches(path, consumed + 5, **options)
        opened = source(path, **options)
        for _ in range(consumed):
            opened.next()
        state = opened.state()
        opened.close()
        assert_equal(batches(path, 5, state, **options), whole[consumed:])


def test_leveldb_shuffles_as_lmdb_does(shared):
    folder = shared / "goldens/databases"
    wanted = batches(folder / "raw_lmdb", 6, shuffle=True)
    assert_equal(batches(folder / "raw_leveldb", 6, shuffle=True, backend="LEVELDB"), wanted)

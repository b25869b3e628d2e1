"""``netdef convert``: files of other kinds to databases."""

import gzip
import struct

import cv2
import lmdb
import numpy as np
import pytest


@pytest.fixture
def images(netdef, tmp_path):
    """Two photographs and their list."""
    for name, shape, grey in (("a.png", (4, 6, 3), 10), ("b.png", (5, 6, 3), 200)):
        cv2.imwrite(str(tmp_path / name), np.full(shape, grey, np.uint8))
    (tmp_path / "list.txt").write_text("a.png 0\nb.png 1\n")
    return netdef


def test_digits(netdef, tmp_path):
    ran = netdef("convert", "digits", "out")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "Wrote out/digits_train_lmdb\nWrote out/digits_test_lmdb\n"
    assert (tmp_path / "out" / "digits_train_lmdb" / "data.mdb").exists()


def test_mnist(netdef, tmp_path):
    for part in ("train", "t10k"):
        head = struct.pack(">IIII", 0x803, 3, 2, 2)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(head + bytes(range(12)))
        labels = struct.pack(">II", 0x801, 3) + bytes((7, 8, 9))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    ran = netdef("convert", "mnist", ".", "out")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "Wrote out/mnist_train_lmdb\nWrote out/mnist_test_lmdb\n"


def test_text(netdef, tmp_path):
    (tmp_path / "text.txt").write_text("to be or not to be " * 10)
    ran = netdef("convert", "text", "--streams", 2, "--held-out", 0.2, "text.txt", "out")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "Wrote out/train.txt: 75 steps of 2 streams\n"
        "Wrote out/test.txt: 18 steps of 2 streams\n"
        "Wrote out/vocabulary.json: 7 characters\n"
    )


def test_text_without_a_part_to_test(netdef, tmp_path):
    (tmp_path / "text.txt").write_text("to be")
    ran = netdef("convert", "text", "--held-out", 0, "text.txt", "out")
    assert ran.status == 2
    assert "'--held-out': 0.0 is not in the range 0<x<1" in ran.err


def test_imageset(images):
    ran = images("convert", "imageset", ".", "list.txt", "out_lmdb")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote out_lmdb\n", "")
    assert keys("out_lmdb") == [b"00000000_a.png", b"00000001_b.png"]


def test_another_seed_shuffles_differently(images, tmp_path):
    (tmp_path / "list.txt").write_text("a.png 0\n" * 3 + "b.png 1\n" * 3)
    orders = set()
    for seed in range(5):
        command = ("convert", "imageset", "--shuffle", "--seed", seed, ".", "list.txt", f"db{seed}")
        assert images(*command).status == 0
        orders.add(tuple(keys(f"db{seed}")))
    assert len(orders) > 1


def keys(path: str) -> list[bytes]:
    with lmdb.open(path, readonly=True) as database, database.begin() as transaction:
        return list(transaction.cursor().iternext(values=False))


def test_options_with_caffe_s_names(images, tmp_path):
    command = ("convert", "imageset", "--resize_height=3", "-resize_width", 2, "--gray")
    ran = images(*command, "-backend", "LMDB", ".", "list.txt", "out_lmdb")
    assert ran.status == 0, ran.err
    shown = tmp_path / "net.prototxt"
    shown.write_text(
        'layer { name: "d" type: "Data" top: "x"'
        ' data_param { source: "out_lmdb" backend: LMDB batch_size: 1 } }'
    )
    assert "(1, 1, 3, 2)" in images("show", "--model", shown).out


def test_a_leveldb_that_a_net_reads(images, tmp_path):
    ran = images("convert", "imageset", "--gray", "--backend", "leveldb", ".", "list.txt", "db")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote db\n", "")
    shown = tmp_path / "net.prototxt"
    shown.write_text(
        'layer { name: "d" type: "Data" top: "x" data_param { source: "db" batch_size: 1 } }'
    )
    assert "(1, 1, 4, 6)" in images("show", "--model", shown).out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--check-size",),
            "list.txt:2: b.png is 3x5x6 (channels x height x width), the first image 3x4x6;"
            " resize them, or drop check_size",
        ),
        (
            ("--resize-width", 5),
            "resize_width and resize_height: give both, in pixels, or none",
        ),
        (
            ("--encoded", "--encode-type", "xyz"),
            "list.txt:1: a.png: OpenCV writes no images of type 'xyz'; try encode_type png or jpg",
        ),
    ],
)
def test_mistakes_leave_nothing_behind(images, tmp_path, options, message):
    ran = images("convert", "imageset", *options, ".", "list.txt", "out_lmdb")
    assert (ran.status, ran.out, ran.err) == (2, "", f"netdef: error: {message}\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png", "list.txt"]


def test_a_folder_of_classes_without_a_list(images, tmp_path):
    for name in ("b/x y.png", "a/z.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        (tmp_path / "in" / name).write_bytes((tmp_path / "a.png").read_bytes())
    ran = images("convert", "imageset", "--workers", 2, "in", "db")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote db\n", "")
    assert keys("db") == [b"00000000_a/z.png", b"00000001_b/x y.png"]


@pytest.mark.parametrize("arguments", [("a",), ("a", "b", "c", "d")])
def test_too_few_or_too_many_paths(netdef, arguments):
    ran = netdef("convert", "imageset", *arguments)
    assert ran.status == 2
    assert ran.err.endswith(
        "\nError: give ROOT LIST OUT, or ROOT OUT for a folder of class folders\n"
    )


def test_bad_images_are_skipped_and_named(images, tmp_path):
    (tmp_path / "list.txt").write_text("a.png 0.5 1\nc.png 1 1\nb.png 1\n")
    ran = images("convert", "imageset", "--skip-bad", "--labels", 2, ".", "list.txt", "db")
    assert (ran.status, ran.out) == (0, "Wrote db, without 2 of the images\n")
    assert ran.err == (
        "skipped list.txt:3: 1 labels; give a name and 2 numbers\n"
        "skipped list.txt:2: c.png: no such file or folder\n"
    )
    shown = tmp_path / "net.prototxt"
    shown.write_text(
        'layer { name: "d" type: "Data" top: "x" top: "y"'
        ' data_param { source: "db" backend: LMDB batch_size: 3 } }'
    )
    assert "(3, 2)" in images("show", "--model", shown).out


def test_an_image_that_is_not_there(images, tmp_path):
    (tmp_path / "list.txt").write_text("a.png 0\nc.png 1\n")
    ran = images("convert", "imageset", ".", "list.txt", "out_lmdb")
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: list.txt:2: c.png: no such file or folder\n",
    )
    assert not (tmp_path / "out_lmdb").exists()


def test_a_database_that_is_there_already(images):
    command = ("convert", "imageset", ".", "list.txt", "out_lmdb")
    assert images(*command).status == 0
    ran = images(*command)
    assert (ran.status, ran.err) == (
        2,
        "netdef: error: out_lmdb: is there already; remove it or choose another name\n",
    )


def test_a_folder_that_takes_nothing(netdef):
    ran = netdef("convert", "digits", "/proc/out")
    assert (ran.status, ran.err) == (
        1,
        "netdef: error: /proc/out: its folder does not exist; make /proc first\n",
    )


def test_a_terminal_gets_a_bar(netdef, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    ran = netdef("convert", "digits", "out")
    assert ran.status == 0
    assert "digits" in ran.err and "100%" in ran.err


def test_no_such_kind(netdef):
    ran = netdef("convert", "imagset")
    assert ran.status == 2
    assert ran.err.endswith("\nError: no command 'imagset'; did you mean 'imageset'?\n")


def test_help_names_the_kinds(netdef):
    out = netdef("convert", "--help").out
    for name in ("mnist", "digits", "imageset"):
        assert f"  {name} " in out


def test_cifar10(netdef, tmp_path):
    for name in (*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"):
        (tmp_path / name).write_bytes(bytes(3073))
    ran = netdef("convert", "cifar10", ".", "out")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "Wrote out/cifar10_train_lmdb\nWrote out/cifar10_test_lmdb\nWrote out/mean.binaryproto\n"
    )

"""Conversions that are killed and begun again: the result of one that never stopped."""

import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

from netdef.data.database import open_database
from netdef.data.datum import encode
from netdef.data.lmdb_writer import LmdbWriter

COUNT = 3000
BEGIN = """
import os, signal, sys
import netdef.data.database_writer as database_writer
put = database_writer.DatabaseWriter.put
left = [int(sys.argv[1])]
def counting(self, key, value):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, key, value)
database_writer.DatabaseWriter.put = counting
"""
TOOL = BEGIN + "from netdef.tools.cli import main\nmain(sys.argv[2:])"


@pytest.fixture
def folder(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 1, 2, 2), np.uint8)
    with LmdbWriter(tmp_path / "lmdb") as database:
        for number, image in enumerate(images):
            database.put(b"%05d" % number, encode(image, number % 7))
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["data"], file["label"] = images, np.arange(COUNT) % 7
    rows = (f"{image.sum()},{number % 7}\n" for number, image in enumerate(images))
    (tmp_path / "in.csv").write_text("".join(rows))
    cifar = np.random.default_rng(1).integers(0, 10, (COUNT, 3074), np.uint8)
    cifar[:700].tofile(tmp_path / "train.bin")
    cifar[700:].tofile(tmp_path / "test.bin")
    return tmp_path


CASES = {
    "db": (["db", "--to", "leveldb", "lmdb", "out/db"], {"db"}),
    "hdf5": (["hdf5", "in.h5", "out/db"], {"db"}),
    "csv": (["csv", "--to", "lmdb", "in.csv", "out/db"], {"db"}),
    "cifar100": (["cifar100", ".", "out"], {"cifar100_train_lmdb", "cifar100_test_lmdb"}),
}


def convert(folder, out, arguments, dies_at=0):
    (folder / out).mkdir(exist_ok=True)
    arguments = [a.replace("out", out) for a in arguments]
    command = [sys.executable, "-c", TOOL, str(dies_at), "convert", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def contents(folder):
    found = {}
    for path in folder.iterdir():
        database = open_database(path)
        found[path.name] = database.read(0, database.entries)
        database.close()
    return found


@pytest.mark.parametrize("name", CASES)
def test_it_ends_as_one_that_never_stopped(folder, name):
    arguments, made = CASES[name]
    assert convert(folder, "whole", arguments).returncode == 0
    assert convert(folder, "out", arguments, dies_at=2200).returncode == -signal.SIGKILL
    left = [path.name for path in (folder / "out").iterdir()]
    assert left and all(name.endswith(".partial") for name in left)
    again = convert(folder, "out", arguments)
    assert (again.returncode, again.stderr) == (0, "")
    assert contents(folder / "out") == contents(folder / "whole")
    assert {path.name for path in (folder / "out").iterdir()} == made


def test_what_another_file_left_is_not_gone_on_with(folder):
    arguments, _ = CASES["hdf5"]
    convert(folder, "out", arguments, dies_at=2200)
    with h5py.File(folder / "in.h5", "a") as file:
        file["data"][:] = 0
    assert convert(folder, "out", arguments).returncode == 0
    database = open_database(folder / "out/db")
    assert database.read(0, 1) == [(b"00000000", encode(np.zeros((1, 2, 2), np.uint8), 0,
                                                        says_encoded=False))]  # fmt: skip
    database.close()

"""HDF5 on a disk that is full: a message, not a crash, and nothing under the file's name."""

import shutil
import subprocess
import sys
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from netdef.io import weights_hdf5
from netdef.io.hdf5 import append_rows, refuse_full_disk, writing_hdf5

SMALL_DISK = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


def test_rows_are_added(tmp_path):
    rows = np.random.default_rng(0).normal(size=(700, 5, 7)).astype("f")
    with writing_hdf5(tmp_path / "a.h5") as file:
        for part in (rows[:300], rows[300:300], rows[300:301], rows[301:]):
            append_rows(file, "x", part)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["x"].dtype == np.float32
        np.testing.assert_array_equal(file["x"], rows)
    assert (tmp_path / "a.h5").stat().st_size < 1.5 * rows.nbytes


def test_room_for_the_end_of_a_file_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3 << 20))
    refuse_full_disk(tmp_path / "a.h5", 2 << 20)
    with pytest.raises(OSError, match="No space left on device"):
        refuse_full_disk(tmp_path / "a.h5", (2 << 20) + 1)


WRITERS = {
    "rows of a layer": """
from netdef.data.hdf5_rows import HDF5Rows
rows = HDF5Rows(path, ("data", "label"))
while True: rows.append(big, np.zeros(8))
""",
    "rows of a conversion": """
from netdef.data.labelled_rows import write_rows
write_rows(((big, 0) for _ in range(1000)), "hdf5", path)
""",
    "features": """
from netdef.feature_files import feature_file
with feature_file(path, "h5", {"fc": big[0].shape}, {}) as file:
    while True: file.write(["n"] * 8, [0] * 8, {"fc": big})
""",
    "weights": """
from netdef.io import weights_hdf5
weights_hdf5.write(path, ["a", "b"], {"a": [big] * 30, "b": [big]}, None)
""",
    "a snapshot": """
from netdef.io.solverstate import SavedState, write_state
write_state(path, SavedState(iter=1, current_step=0, learned_net="", history=[big] * 30), "HDF5")
""",
    "a text": """
from netdef.data.convert_text import _write
_write(path, np.zeros((1 << 20, 8), np.int32), np.zeros((1 << 20, 8), np.int32))
""",
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_really_full(tmp_path, name):
    program = f"""
import os, pathlib, numpy as np
from netdef.errors import RunError
path = pathlib.Path({str(tmp_path)!r}, "a.h5")
big = np.random.default_rng(0).normal(size=(8, 3, 50, 50)).astype("f")
try:
{"".join(f"    {line}{chr(10)}" for line in WRITERS[name].strip().splitlines())}
except RunError as error:
    print(error)
print(path.exists())
"""
    mounted = [*SMALL_DISK, f'mount -t tmpfs -o size=6m tmpfs {tmp_path} && exec "$@"', "sh"]
    if subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    command = [*mounted, sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        f"{tmp_path}/a.h5: the disk is full; nothing was written under that name\nFalse\n"
    )


def test_weights_that_fit_are_written(tmp_path):
    weights_hdf5.write(tmp_path / "a.h5", ["a"], {"a": [np.ones(3)]}, None)
    assert weights_hdf5.read(tmp_path / "a.h5")["a"][0].tolist() == [1, 1, 1]

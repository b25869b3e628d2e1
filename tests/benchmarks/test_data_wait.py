import re
import time

import pytest
from click.testing import CliRunner
from data_wait import Watch, main, write_enlarged

from netdef.data.image_file import read_image
from tests.painting import paint_classes


class Slow:
    def next(self):
        time.sleep(0.01)
        return ("batch",)


def test_only_the_wait_is_counted():
    source = Slow()
    watch = Watch(source)
    time.sleep(0.02)
    assert [source.next() for _ in range(3)] == [("batch",)] * 3
    assert 0.03 <= watch.seconds < 0.05 + 3 * 0.01


def test_photos_are_enlarged(tmp_path):
    paint_classes(tmp_path / "in", 1)
    write_enlarged(tmp_path / "in", 48, tmp_path / "out")
    assert read_image(str(tmp_path / "out/red/0.png"), True).shape == (3, 48, 40)


def test_the_command(tmp_path):
    photos = paint_classes(tmp_path, 2)
    arguments = ["--photos", str(photos), "--side", "0", "--batch", "2"]
    result = CliRunner().invoke(main, [*arguments, "--rounds", "1", "--steps", "1"])
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"step of 2: [\d,]+ ms, waits \d+\.\d% of it\n"
        r"on data that are there: [\d,]+ ms, ratio \d+\.\d\d\n"
        r"data alone: \d+\.\d\d ms a photo, [\d,]+ photos/s\n",
        result.output,
    )


@pytest.mark.parametrize("arguments", [["--side", "0"], []])
def test_photos_that_are_not_there(tmp_path, arguments):
    result = CliRunner().invoke(main, ["--photos", str(tmp_path / "no"), *arguments])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert result.output.endswith(f"{tmp_path}/no: no such folder\n")

import re
import time

from click.testing import CliRunner
from data import main, speed


def test_speed_counts_images():
    calls = []

    def take():
        calls.append(1)
        time.sleep(0.001)

    begun = time.perf_counter()
    found = speed(take, 10, 0.05)
    assert 0.9 * 10 * len(calls) / (time.perf_counter() - begun) < found <= 10 * len(calls) / 0.05


def test_the_command():
    arguments = ["--rounds", "1", "--seconds", "0.05", "--images", "200", "--photos", "4"]
    result = CliRunner().invoke(main, [*arguments, "--workers", "0"])
    assert result.exit_code == 0, result.output
    for name in ("raw LMDB", "JPEG files"):
        assert re.search(rf"^{name}: netdef [\d,]+ images/s", result.output, re.MULTILINE)

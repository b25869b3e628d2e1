"""What is written reads back."""

from pathlib import Path

import pytest

from netdef.errors import RunError
from netdef.prototxt import parse_net, read_net, to_text, write_text


def test_text_reads_back(shared: Path, tmp_path: Path) -> None:
    net = read_net(shared / "data/models/squeezenet_v1.1/deploy.prototxt").net
    write_text(tmp_path / "n.prototxt", net)
    assert read_net(tmp_path / "n.prototxt").net == net
    assert list(tmp_path.iterdir()) == [tmp_path / "n.prototxt"]


def test_strings_and_numbers_read_back() -> None:
    net = parse_net(
        r"""name: "é\"\\\n" layer { power_param { scale: 1e-9 shift: inf } }""", "n"
    ).net
    assert parse_net(to_text(net), "n").net == net
    assert 'name: "é\\"\\\\\\n"' in to_text(net)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error:
        write_text(tmp_path / "no/n.prototxt", parse_net('name: "n"', "n").net)
    expected = f"{tmp_path}/no/n.prototxt: its folder does not exist; make {tmp_path}/no first"
    assert str(error.value) == expected

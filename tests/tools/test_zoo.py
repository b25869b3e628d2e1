"""``netdef zoo`` as a user types it."""

import hashlib
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import netdef as package
from netdef.model_zoo import nets, weights_table
from netdef.tools.cli import netdef as commands
from tests.model_zoo.server import serving

PAGE = Path(__file__).resolve().parents[2] / "docs" / "zoo.md"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NETDEF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "home"


def test_list_names_every_net_and_all_weights(netdef):
    ran = netdef("zoo", "list")
    assert ran.status == 0
    first = [line.split(" ")[0] for line in ran.out.splitlines()]
    assert {*nets.names(), *(row.name for row in weights_table.table())} <= set(first)
    assert re.search(r"^lenet +here +LeNet for digits", ran.out, re.MULTILINE)
    assert re.search(r"^alexnet +to fetch ", ran.out, re.MULTILINE)
    assert re.search(r"^unet  +U-Net", ran.out, re.MULTILINE)


def test_show_tells_of_a_net_and_its_weights(netdef):
    ran = netdef("zoo", "show", "squeezenet_v1.1")
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "squeezenet_v1.1: SqueezeNet (Iandola et al. 2016), version 1.1: 2.4 times less work than"
        " 1.0.",
        f"  files: {nets.folder('squeezenet_v1.1')}",
        "  learned weights: 1,235,496",
        "  input: data (1, 3, 227, 227)",
        "  output: prob (1, 1000, 1, 1)",
        "weights squeezenet_v1.1 (netdef zoo fetch squeezenet_v1.1)",
        "  url: https://github.com/forresti/SqueezeNet/raw/master/SqueezeNet_v1.1/"
        "squeezenet_v1.1.caffemodel",
        "  checksum: git:9d2fc33abf653a6e8b2ee6cc63ede0e72ec67f44",
        "  licence: BSD-2-Clause",
        "  input: 227x227 pixels, bgr, mean 104,117,123",
        "  classes: 1000 of imagenet: tench, Tinca tinca ... toilet tissue, toilet paper, bathroom"
        " tissue",
    ]


def test_show_weights_of_no_net(netdef):
    ran = netdef("zoo", "show", "age_net")
    assert ran.out.startswith("weights age_net (netdef zoo fetch age_net)\n  url: https://")


def test_show_what_is_not_there(netdef):
    ran = netdef("zoo", "show", "lennet")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "netdef: error: no net or weights of the zoo 'lennet'; did you mean 'lenet'?\n"
    )


def test_path(netdef):
    assert netdef("zoo", "path", "lenet").out == f"{nets.folder('lenet')}\n"


def test_fetch_brings_weights_that_a_net_then_takes(netdef, monkeypatch, home):
    content = nets.packaged_weights("lenet").read_bytes()
    with serving(content) as server:
        row = replace(
            weights_table.published("alexnet"),
            name="mine",
            net="lenet",
            url=server.url,
            checksum="sha1:" + hashlib.sha1(content).hexdigest(),
        )
        monkeypatch.setattr(weights_table, "table", lambda: (row,))
        first, again = netdef("zoo", "fetch", "lenet"), netdef("zoo", "fetch", "mine")
        assert len(server.asked) == 1
    path = home / "weights" / "mine.caffemodel"
    assert first.out == again.out == f"{path}\nlicence: unrestricted; input: {row.input}\n"
    assert path.read_bytes() == content
    path.write_bytes(b"other")
    ran = netdef("zoo", "fetch", "mine")
    assert ran.status == 2
    assert ran.err == (
        f"netdef: error: {path}: holds other weights, imported ones; remove it to fetch {row.url}\n"
    )


def test_import_a_file_and_use_it(netdef, tmp_path, home):
    package.Net("zoo:cifar10_quick", package.TEST).save(str(tmp_path / "w.caffemodel"))
    ran = netdef("zoo", "import", "w.caffemodel")
    assert (ran.status, ran.out) == (0, "w.caffemodel: cifar10_quick, by its layers\n")
    options = ("--model", "zoo:cifar10_quick", "--weights", "zoo:cifar10_quick")
    ran = netdef("test", *options, "--iterations", 1)
    assert ran.status == 0
    assert ran.err.startswith("zoo:cifar10_quick: 5 layers loaded")


def test_import_a_folder_takes_each_thing_once(netdef, tmp_path):
    net = package.Net("zoo:lenet", package.TEST)
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        net.save(str(tmp_path / "in" / f"{name}.caffemodel"))
    (tmp_path / "in" / "c.caffemodel").write_bytes(b"")
    ran = netdef("zoo", "import", "in")
    assert (ran.status, ran.out) == (0, "in/a.caffemodel: lenet, by its layers\n")
    assert ran.err.splitlines() == [
        "not taken in: in/b.caffemodel: is 'lenet', as in/a.caffemodel is; import it alone",
        "not taken in: in/c.caffemodel: is empty",
    ]


def test_import_of_a_folder_without_weights(netdef, tmp_path):
    (tmp_path / "in").mkdir()
    ran = netdef("zoo", "import", "in")
    assert ran.status == 2
    assert ran.err == "netdef: error: in: no file in it is weights that the zoo knows\n"
    ran = netdef("zoo", "import", "in", "--as", "lenet")
    assert ran.status == 2
    assert "--as names one file, and in is a folder" in ran.err


@pytest.mark.parametrize("line", re.findall(r"^    netdef (.+)$", PAGE.read_text(), re.MULTILINE))
def test_the_page_shows_commands_that_are_there(line):
    command, arguments = commands, shlex.split(line)
    while hasattr(command, "get_command"):
        command = command.get_command(command.make_context("netdef", ["x"], resilient_parsing=True),
                                      arguments.pop(0))  # fmt: skip
    command.make_context(line, arguments)


def test_the_page_names_every_net():
    assert set(nets.names()) <= set(re.findall(r"`([\w.]+)`", PAGE.read_text()))

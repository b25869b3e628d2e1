"""``netdef draw`` as a user types it."""

import re
import shutil
import xml.etree.ElementTree as ET

import cv2
import pytest

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
NET = """
name: "a \\"net\\" & <more>"
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 4 } }
layer { name: "a<b> \\"&" type: "ReLU" bottom: "y" top: "y" }
layer { name: "prob" type: "Softmax" bottom: "y" top: "p" include { phase: TEST } }
"""


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)


def svg_of(page: str) -> ET.Element:
    return ET.fromstring(re.search("<svg.*</svg>", page, re.DOTALL)[0])


def test_a_page_needs_no_graphviz(netdef, net, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    ran = netdef("draw", "net.prototxt", "-o", "net.html")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote net.html\n", "")
    page = (tmp_path / "net.html").read_text()
    texts = [e.text for e in svg_of(page).iter("{http://www.w3.org/2000/svg}text")]
    assert 'a<b> "&' in texts and "2x3" in texts and "in place" in texts
    assert "TEST only" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_pages_go_where_they_are_told(netdef, net, tmp_path, rankdir):
    assert netdef("draw", "net.prototxt", "-o", "n.html", "--rankdir", rankdir).status == 0
    svg = svg_of((tmp_path / "n.html").read_text())
    boxes = list(svg.iter("{http://www.w3.org/2000/svg}rect"))
    axis = "y" if rankdir in ("TB", "BT") else "x"
    places = [float(box.get(axis)) for box in boxes][:4]
    assert places == sorted(places, reverse=rankdir in ("BT", "RL"))
    for box in boxes:
        assert 0 <= float(box.get("x")) <= float(svg.get("width")) - float(box.get("width"))
        assert 0 <= float(box.get("y")) <= float(svg.get("height")) - float(box.get("height"))


def test_graphviz_missing_is_told_with_the_mend(netdef, net, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    ran = netdef("draw", "net.prototxt", "-o", "net.png")
    assert (ran.status, ran.out) == (1, "")
    assert "apt install graphviz" in ran.err and ".html, which needs nothing" in ran.err
    assert not (tmp_path / "net.png").exists()


@needs_dot
def test_graphviz_draws_any_names(netdef, net, tmp_path):
    assert netdef("draw", "net.prototxt", "-o", "net.svg").status == 0
    svg = ET.parse(tmp_path / "net.svg").getroot()
    texts = ["".join(e.itertext()) for e in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert 'a<b> "&' in texts and "\xa02x4" in texts and "TEST only" in texts
    assert netdef("draw", "net.prototxt", "-o", "net.png").status == 0
    assert cv2.imread(str(tmp_path / "net.png")).shape[0] > 200


def test_the_text_for_graphviz(netdef, net, tmp_path):
    assert netdef("draw", "net.prototxt", "-o", "net.dot", "--phase", "TEST").status == 0
    text = (tmp_path / "net.dot").read_text()
    assert text.startswith('digraph "a \\"net\\" & <more>" {')
    assert '"layer0" -> "layer1" [label=<&nbsp;x<BR/>&nbsp;2x3>' in text
    assert "TEST only" not in text


def test_a_solver_is_drawn_by_its_net(netdef, net, tmp_path):
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt"\nbase_lr: 0.1\n')
    assert netdef("draw", "solver.prototxt", "-o", "s.dot").status == 0
    netdef("draw", "net.prototxt", "-o", "n.dot")
    assert (tmp_path / "s.dot").read_text() == (tmp_path / "n.dot").read_text()


def test_a_solver_of_two_nets_needs_a_phase(netdef, net, tmp_path):
    (tmp_path / "other.prototxt").write_text(NET.replace("num_output: 4", "num_output: 7"))
    (tmp_path / "solver.prototxt").write_text(
        'train_net: "net.prototxt"\ntest_net: "other.prototxt"\ntest_iter: 1\ntest_interval: 1\n'
    )
    ran = netdef("draw", "solver.prototxt", "-o", "s.dot")
    assert ran.status == 2
    assert ran.err == (
        "netdef: error: the solver trains net.prototxt and tests other.prototxt;"
        " choose --phase TRAIN or TEST\n"
    )
    assert netdef("draw", "solver.prototxt", "-o", "s.dot", "--phase", "TEST").status == 0
    assert "num_output: 7" in (tmp_path / "s.dot").read_text()


def test_nets_of_2014(shared, netdef, tmp_path):
    old = shared / "data" / "models" / "lenet" / "v1era_lenet_train_test.prototxt"
    ran = netdef("draw", old, "-o", "old.dot")
    assert ran.status == 0
    assert "TRAIN is drawn without shapes: " in ran.err
    text = (tmp_path / "old.dot").read_text()
    assert "<B>conv1</B><BR/>Convolution<BR/>kernel 5, stride 1<BR/>num_output: 20" in text
    assert "lr x 1, 2" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("net.prototxt", "-o", "net.gif"), "pictures end in .png, .svg, .pdf, .html, .dot"),
        (("nett.prototxt", "-o", "net.dot"), "no such file or folder"),
        (("broken.prototxt", "-o", "net.dot"), "broken.prototxt:1:1: NetParameter has no field"),
        (("solver.prototxt", "-o", "net.dot"), "solver.prototxt:2:1: SolverParameter has no field"),
        (("zoo:lennet", "-o", "net.dot"), "did you mean 'lenet'?"),
        (("net.prototxt", "-o", "none/net.dot"), "its folder does not exist"),
    ],
)
def test_mistakes_are_told(netdef, net, tmp_path, arguments, message):
    (tmp_path / "broken.prototxt").write_text('layr { name: "x" }')
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt"\nbase_lrr: 0.1\n')
    ran = netdef("draw", *arguments)
    assert ran.status in (1, 2) and message in ran.err
    assert not (tmp_path / "net.dot").exists()

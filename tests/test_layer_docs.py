"""docs/layers.md is current, whole, and says something about every field."""

import importlib
import re
from pathlib import Path

import pytest

from netdef.layer import LAYERS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "layers.md"


@pytest.fixture
def make_layer_docs(monkeypatch):
    pytest.importorskip("grpc_tools", reason="needs grpcio-tools")
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("make_layer_docs")


def test_the_page_is_current(make_layer_docs):
    assert PAGE.read_text() == make_layer_docs.page(), "run make docs"


def section(name):
    [text] = re.findall(rf"^## {name}\n(.*?)(?=^##? |\Z)", PAGE.read_text(), re.M | re.S)
    return text


@pytest.mark.parametrize("name", [n for n in LAYERS if LAYERS[n].__module__.startswith("netdef.")])
def test_every_type_has_its_section(name):
    text = section(name)
    assert "- Bottoms: " in text and "\n- From: " in text and "\n- Runs on: " in text


def test_every_field_has_a_meaning():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) > 200
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_link_leads_to_a_section():
    text = PAGE.read_text()
    headings = {h.lower() for h in re.findall(r"^## (\w+)$", text, re.MULTILINE)}
    targets = set(re.findall(r"\(#(\w+)\)", text))
    assert targets == headings
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (PAGE.parent / target).exists()


def test_what_is_told_of_a_layer():
    text = section("ImageData")
    assert text.startswith("\nBatches of the image files and labels that a list names,")
    assert "\n- Bottoms: none. Tops: `data`, `label`.\n- From: BVLC Caffe.\n" in text
    assert "\n| `new_height` | whole number | 0 |  | The height to resize to; 0 keeps it. |" in text
    assert "\n| `batch_size` | whole number | 1 | at least 1 |" in text
    assert "\n| `source` | text | needed |  |" in text
    assert "\n| `transform_param` | [TransformationParameter](#transformationparameter) |" in text

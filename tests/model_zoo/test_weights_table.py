"""The table of published weights is whole, and agrees with the list of sources."""

import csv
import re

import pytest

from netdef.errors import UnknownType
from netdef.graph import build
from netdef.infer import infer
from netdef.model_zoo import nets
from netdef.model_zoo.checksum import agrees
from netdef.model_zoo.weights_table import published, table
from netdef.proto import TEST
from netdef.prototxt import read_net


def test_every_row_is_whole():
    digits = {"sha1": 40, "git": 40, "sha256": 64}
    for row in table():
        kind, _, value = row.checksum.partition(":")
        assert re.fullmatch(rf"[0-9a-f]{{{digits[kind]}}}", value)
        assert row.licence and row.input
        if not row.url:
            packaged = nets.packaged_weights(row.net)
            assert packaged and agrees(packaged, row.checksum)
        else:
            assert re.match(r"https?://", row.url)
        assert not row.net or row.net in nets.names()
        assert row.channel_order in ("bgr", "rgb", "gray", "")
        assert row.mean == "image" or all(float(v) >= 0 for v in row.mean.split(","))
        assert float(row.scale) > 0
    assert len({row.name for row in table()}) == len(table())


def test_it_has_the_sources(shared):
    with (shared / "zoo_sources.tsv").open(encoding="utf-8", newline="") as file:
        sources = {(r["url"], r["checksum"]) for r in csv.DictReader(file, delimiter="\t")}
    assert {(row.url, row.checksum) for row in table() if row.url} == sources


def test_nets_and_their_weights_agree_on_sizes_and_classes():
    for row in table():
        if row.net and row.classes:
            graph = build(read_net(nets.prototxt(row.net)), TEST)
            shapes = infer(graph).blobs
            data, scores = shapes[graph.inputs[0]], shapes[graph.id_of(graph.outputs[-1])]
            assert data[1:] == (1 if row.channel_order == "gray" else 3, *[int(row.size)] * 2)
            assert scores.size / data[0] == len(nets.class_names(row.classes))


def test_the_input_in_words():
    assert published("mobilenet_v1").input == (
        "224x224 pixels, bgr, mean 103.94,116.78,123.68, scale 0.017"
    )
    assert published("age_net").input == "227x227 pixels, bgr, a mean image"
    assert published("lenet").input == "28x28 pixels, gray, scale 0.00390625"


def test_weights_go_by_their_name_or_their_net():
    assert published("bvlc_alexnet") == published("alexnet")
    with pytest.raises(UnknownType) as raised:
        published("alexnt")
    assert str(raised.value) == "no published weights 'alexnt'; did you mean 'alexnet'?"


def test_classes():
    assert nets.class_names("imagenet")[0] == "tench, Tinca tinca"
    assert nets.class_names("mnist") == list("0123456789")
    assert len(nets.class_names("cifar10")) == 10

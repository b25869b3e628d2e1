"""The table of published weights is whole, and agrees with the list of sources."""

import csv
import re

import pytest

from netdef.errors import UnknownType
from netdef.model_zoo import nets
from netdef.model_zoo.weights_table import published, table


def test_every_row_is_whole():
    digits = {"sha1": 40, "git": 40, "sha256": 64}
    for row in table():
        kind, _, value = row.checksum.partition(":")
        assert re.fullmatch(rf"[0-9a-f]{{{digits[kind]}}}", value)
        assert re.match(r"https?://", row.url) and row.licence and row.input
        assert not row.net or row.net in nets.names()
        assert not row.classes or len(nets.class_names(row.classes)) == 1000
    assert len({row.name for row in table()}) == len(table())


def test_it_has_the_sources(shared):
    with (shared / "zoo_sources.tsv").open(encoding="utf-8", newline="") as file:
        sources = {(r["url"], r["checksum"]) for r in csv.DictReader(file, delimiter="\t")}
    assert {(row.url, row.checksum) for row in table()} == sources


def test_weights_go_by_their_name_or_their_net():
    assert published("bvlc_alexnet") == published("alexnet")
    with pytest.raises(UnknownType) as raised:
        published("alexnt")
    assert str(raised.value) == "no published weights 'alexnt'; did you mean 'alexnet'?"


def test_classes():
    assert nets.class_names("imagenet")[0] == "tench, Tinca tinca"
    assert nets.class_names("mnist") == list("0123456789")
    assert len(nets.class_names("cifar10")) == 10

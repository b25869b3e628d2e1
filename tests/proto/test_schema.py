"""netdef.proto holds Caffe's schema, and what is made from it is current."""

import csv
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import google.protobuf
import pytest
from google.protobuf.descriptor_pb2 import (
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
)

from netdef import proto

ROOT = Path(__file__).resolve().parents[2]
OWN = 2000


def test_what_is_made_from_the_schema_is_current() -> None:
    pytest.importorskip("grpc_tools", reason="needs grpcio-tools")
    pytest.importorskip("mypy_protobuf", reason="needs mypy-protobuf")
    if int(google.protobuf.__version__.split(".")[0]) < 6:
        pytest.skip("needs protobuf 6, without which mypy-protobuf does not run")
    spec = importlib.util.spec_from_file_location("make_proto", ROOT / "scripts/make_proto.py")
    assert spec is not None and spec.loader is not None
    make_proto = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_proto)
    for name, content in make_proto.compile_proto().items():
        assert (ROOT / "netdef/proto" / name).read_bytes() == content, f"{name}: run make proto"


def test_the_schema_is_that_of_caffe(shared: Path) -> None:
    with open(shared / "schema/bvlc.tsv", newline="") as table:
        rows = [tuple(row.values()) for row in csv.DictReader(table, delimiter="\t")]
    theirs = {owner_of(row) for row in rows}
    mine = [fact for fact in facts() if owner_of(fact) in theirs]
    assert sorted(set(mine)) == sorted(set(rows))
    assert len(mine) == len(rows)


def owner_of(fact: tuple[str, ...]) -> str:
    """Return the message of a fact, or the enum outside of messages."""
    return fact[1].partition(".")[0]


def facts() -> Iterator[tuple[str, ...]]:
    """Yield netdef's schema as rows of the table, less what is netdef's own."""
    [file] = FileDescriptorSet.FromString((ROOT / "netdef/proto/netdef.desc").read_bytes()).file
    for enum in file.enum_type:
        yield from enum_facts(enum.name, enum)
    for message in file.message_type:
        for enum in message.enum_type:
            yield from enum_facts(f"{message.name}.{enum.name}", enum)
        for field in message.field:
            if field.number < OWN:
                yield field_facts(message.name, field)


def enum_facts(name: str, enum: EnumDescriptorProto) -> Iterator[tuple[str, ...]]:
    for value in enum.value:
        if value.number >= OWN:
            continue
        yield "enum", name, value.name, str(value.number), "", "", "", ""


def field_facts(message: str, field: FieldDescriptorProto) -> tuple[str, ...]:
    label = FieldDescriptorProto.Label.Name(field.label).removeprefix("LABEL_").lower()
    kind = field.type_name.removeprefix(".netdef.")
    kind = kind or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    packed = "packed" if field.options.packed else ""
    number = str(field.number)
    return "field", message, field.name, number, label, kind, field.default_value, packed


def test_messages_and_enums_are_there_by_name() -> None:
    layer = proto.LayerParameter(name="conv1", pooling_param={"pool": "AVE"})
    assert layer.pooling_param.pool == proto.PoolingParameter.AVE == 1
    assert (proto.TRAIN, proto.TEST, proto.Phase.Name(proto.TEST)) == (0, 1, "TEST")


def test_the_schema_has_a_pool_of_its_own() -> None:
    from google.protobuf import descriptor_pool

    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("netdef.NetParameter")

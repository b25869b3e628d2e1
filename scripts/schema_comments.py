"""The comments of netdef.proto, by message and field."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc_tools
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parents[1] / "netdef" / "proto"
WELL_KNOWN = Path(grpc_tools.__file__).with_name("_proto")
_MESSAGE, _FIELD = 4, 2  # the numbers of message_type in a file and of field in a message


def comments() -> dict[str, str]:
    """Return what netdef.proto says about ``Message`` and ``Message.field``, on one line each."""
    file = _described()
    names = dict(_names(file))
    found = {}
    for location in file.source_code_info.location:
        name = names.get(tuple(location.path))
        if name and location.leading_comments:
            found[name] = " ".join(location.leading_comments.split())
    return found


def _names(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    for i, message in enumerate(file.message_type):
        yield (_MESSAGE, i), message.name
        for j, field in enumerate(message.field):
            yield (_MESSAGE, i, _FIELD, j), f"{message.name}.{field.name}"


def _described() -> FileDescriptorProto:
    with TemporaryDirectory() as folder:
        code = protoc.main(
            [
                "protoc",
                f"--proto_path={PROTO}",
                f"--proto_path={WELL_KNOWN}",
                "--include_source_info",
                f"--descriptor_set_out={folder}/netdef.desc",
                "netdef.proto",
            ]
        )
        if code != 0:
            raise SystemExit("netdef.proto does not compile")
        [file] = FileDescriptorSet.FromString(Path(folder, "netdef.desc").read_bytes()).file
    return file

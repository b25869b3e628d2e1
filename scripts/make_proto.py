"""Compile netdef.proto into the descriptor set and the typing stub beside it.

Needs grpcio-tools and mypy-protobuf. Run by ``make proto``; ``tests/proto`` checks that
what is committed is current.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc_tools
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parents[1] / "netdef" / "proto"
WELL_KNOWN = Path(grpc_tools.__file__).with_name("_proto")


def compile_proto() -> dict[str, bytes]:
    """Return the contents of every file made from netdef.proto, by name."""
    with TemporaryDirectory() as folder:
        code = protoc.main(
            [
                "protoc",
                f"--proto_path={PROTO}",
                f"--proto_path={WELL_KNOWN}",
                f"--plugin=protoc-gen-mypy={Path(sys.executable).with_name('protoc-gen-mypy')}",
                f"--descriptor_set_out={folder}/netdef.desc",
                f"--mypy_out=quiet:{folder}",
                "netdef.proto",
            ]
        )
        if code != 0:
            sys.exit("netdef.proto does not compile")
        made = Path(folder)
        return {
            "netdef.desc": (made / "netdef.desc").read_bytes(),
            "__init__.pyi": (made / "netdef_pb2.pyi").read_bytes(),
        }


if __name__ == "__main__":
    for name, content in compile_proto().items():
        (PROTO / name).write_bytes(content)
        print(f"{PROTO / name}: {len(content)} bytes")

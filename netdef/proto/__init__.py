"""The messages of netdef.proto, by name.

The classes are built from the compiled descriptor set when this package is imported, in a
pool of their own: another package's schema of Caffe does not clash with them, and any
protobuf from 4.25 on will do. After changing ``netdef.proto`` run ``make proto``.
"""

from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message_factory import GetMessageClass

_files = FileDescriptorSet.FromString(Path(__file__).with_name("netdef.desc").read_bytes())
_pool = DescriptorPool()
for _file in _files.file:
    _pool.AddSerializedFile(_file.SerializeToString())

DESCRIPTOR = _pool.FindFileByName("netdef.proto")

for _name, _message in DESCRIPTOR.message_types_by_name.items():
    globals()[_name] = GetMessageClass(_message)
for _name, _enum in DESCRIPTOR.enum_types_by_name.items():
    globals()[_name] = EnumTypeWrapper(_enum)
    globals().update((value.name, value.number) for value in _enum.values)

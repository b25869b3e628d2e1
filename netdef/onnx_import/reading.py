"""An ONNX model as a net: node by node, what is known beforehand computed at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netdef.errors import ConfigError, DataError, at, cannot_read, did_you_mean
from netdef.onnx_import.folding import folded
from netdef.onnx_import.net_builder import Array, Blob, NetBuilder
from netdef.onnx_import.operation import IMPORTERS, Operation, Value
from netdef.onnx_package import import_onnx
from netdef.proto import NetParameter

_OWN_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class ImportedNet:
    """A net with the weights of its layers, and what the file says besides."""

    net: NetParameter
    blobs: dict[str, list[Array]]
    metadata: dict[str, str]
    content: bytes
    """The model, with the shapes of its inputs as they were taken."""


def read_onnx(path: str | Path, shapes: Mapping[str, tuple[int, ...]] | None = None) -> ImportedNet:
    """Read an ONNX model as a net.

    ``shapes`` gives inputs shapes; without it a batch of a free length is 1.

    Raises:
        MissingFile: the file cannot be read.
        DataError: it is no ONNX model.
        ConfigError: a node does not map to layers; which, and why.
        DeviceError: the onnx package is not there.
    """
    onnx = import_onnx()
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model, full_check=True)
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
    except OSError as error:
        raise cannot_read(path, error) from error
    except Exception as error:  # protobuf's and the checker's have no base in common
        raise DataError(f"{path}: is no whole ONNX model ({_first_line(error)})") from error
    with at(str(path)):
        reader = _Reader(onnx, model, shapes or {})
        for node in model.graph.node:
            reader.read(node)
        reader.name_outputs()
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    builder = reader.builder
    return ImportedNet(builder.net(), builder.blobs, metadata, model.SerializeToString())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


class _Reader:
    def __init__(self, onnx: Any, model: Any, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.onnx, self.graph = onnx, model.graph
        self.opset = max(i.version for i in model.opset_import if i.domain in _OWN_DOMAINS)
        self.builder = NetBuilder(model.graph.name)
        self.values: dict[str, Value] = {
            i.name: _numbers(onnx.numpy_helper.to_array(i)) for i in model.graph.initializer
        }
        self.consumers: dict[str, list[str]] = {}
        for node in model.graph.node:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node.op_type)
        self.outputs = [o.name for o in model.graph.output]
        self._add_inputs(shapes)

    def _add_inputs(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        inputs = [i for i in self.graph.input if i.name not in self.values]
        self.inputs = [i.name for i in inputs]
        for name in shapes:
            if name not in self.inputs:
                raise ConfigError(f"has no input {name!r}{did_you_mean(name, self.inputs)}")
        for info in inputs:
            shape = shapes.get(info.name) or _shape(info)
            self.values[info.name] = self.builder.input(info.name, shape)
            dims = info.type.tensor_type.shape.dim
            if len(dims) == len(shape):
                for dim, length in zip(dims, shape, strict=True):
                    dim.Clear()
                    dim.dim_value = length

    def read(self, node: Any) -> None:
        """Add the layers of a node, or compute what it makes."""
        with at(f"node {node.name or node.output[0]!r} ({node.op_type})"):
            given = [self.values[name] if name else None for name in node.input]
            made = self._made(node, given)
            listed = made if isinstance(made, (list, tuple)) else [made]
            for name, value in zip(node.output, listed, strict=False):
                self.values[name] = value
            for name in node.output[len(listed) :]:
                if name in self.consumers or name in self.outputs:
                    raise ConfigError(f"its output {name!r} is read, and no layer makes it")

    def _made(self, node: Any, given: Sequence[Value | None]) -> Value | Sequence[Value]:
        first = given[0] if given else None
        if node.op_type == "Shape" and isinstance(first, Blob) and not first.padding:
            ends = {a.name: a.i for a in node.attribute}
            return np.array(first.shape[ends.get("start", 0) : ends.get("end")], np.int64)
        if not any(isinstance(value, Blob) for value in given):
            constants = [v for v in given if not isinstance(v, Blob)]
            return folded(self.onnx, node, constants, self.opset)
        if node.domain not in _OWN_DOMAINS:
            raise ConfigError(f"is an operator of {node.domain}, which no layer is")
        if node.op_type not in IMPORTERS:
            raise ConfigError("is an operator that no layer is")
        return IMPORTERS[node.op_type](self._operation(node, given))

    def _operation(self, node: Any, given: Sequence[Value | None]) -> Operation:
        reads = Counter({name: len(kinds) for name, kinds in self.consumers.items()})
        return Operation(
            kind=node.op_type,
            name=_layer_name(node.name or node.output[0]),
            opset=self.opset,
            attributes={
                a.name: _plain(self.onnx.helper.get_attribute_value(a)) for a in node.attribute
            },
            inputs=given,
            is_single=[reads[n] == 1 and n not in self.outputs for n in node.input],
            outputs=len(node.output),
            consumers=self.consumers.get(node.output[0], []),
            builder=self.builder,
        )

    def name_outputs(self) -> None:
        """Call the blobs that are outputs as the model does."""
        for name in self.outputs:
            blob = self.values[name]
            if name in self.inputs:
                raise ConfigError(f"its output {name!r} is its input, which no layer makes")
            if not isinstance(blob, Blob):
                raise ConfigError(f"its output {name!r} is a constant, which no net makes")
            if blob.padding:
                raise ConfigError(f"its output {name!r} is what a Pad made, which no layer does")
            if blob.name in self.inputs or (blob.name in self.outputs and blob.name != name):
                [blob] = self.builder.add("Split", name, [blob])
            if blob.name != name:
                self._rename(name, self.builder.unique(f"{name}_before"))
                self._rename(blob.name, name)
        self.builder.silence(self.outputs)

    def _rename(self, old: str, new: str) -> None:
        self.builder.rename(old, new)
        for key, value in self.values.items():
            if isinstance(value, Blob) and value.name == old:
                self.values[key] = Blob(new, value.shape, value.padding)


def _layer_name(name: str) -> str:
    return name.strip("/").removesuffix("_output_0") or name


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _numbers(values: Array) -> Array:
    """Return fractions as float32; NumPy itself does not know bfloat16, whose kind is V."""
    return values.astype(np.float32) if values.dtype.kind in "fV" else values


def _shape(info: Any) -> tuple[int, ...]:
    if not info.type.tensor_type.HasField("shape"):
        raise ConfigError(f"input {info.name!r} has no shape; give --input-shape {info.name}=...")
    dims = info.type.tensor_type.shape.dim
    lengths = [d.dim_value or (0 if i else 1) for i, d in enumerate(dims)]
    if 0 in lengths:
        words = ",".join(str(n or "N") for n in lengths)
        raise ConfigError(
            f"input {info.name!r} has axes of a free length; give"
            f" --input-shape {info.name}={words} with numbers for N"
        )
    return tuple(lengths)

"""Write docs/layers.md: every layer type that netdef has, from its class and netdef.proto.

Needs grpcio-tools. Run by ``make docs``; ``tests/test_layer_docs.py`` checks that what is
committed is current.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from layer_origins import origin
from schema_comments import comments

import netdef.engines
from netdef.engines import Engine
from netdef.engines.numpy import NumpyEngine
from netdef.layer import LAYERS, DataLayer, Layer
from netdef.ops import HOST_CALLS
from netdef.proto import DESCRIPTOR, LayerParameter

PAGE = Path(__file__).resolve().parents[1] / "docs" / "layers.md"
_HEAD = """# The layers

Every type that a layer of a net can have. This page is made from the program (`make docs`).

A field stands in the block that its table names: `convolution_param { num_output: 20 }`. Fields
that every layer has (`name`, `bottom`, `param`, `loss_weight`, `include` ...) are Caffe's. A field
with no default that is not called needed may be left out. The engine `numpy` is the reference:
NumPy on a CPU, CuPy on a GPU; the host is the CPU, whatever the device. Layers of other packages
stand beside these ([plugin_example](plugin_example/README.md)), and so do
[layers written in Python](python_layers.md).
"""
_TYPES = {
    FieldDescriptor.TYPE_BOOL: "true or false",
    FieldDescriptor.TYPE_STRING: "text",
    FieldDescriptor.TYPE_FLOAT: "number",
    FieldDescriptor.TYPE_DOUBLE: "number",
}
_LIMITS = {"at_least": "at least {:g}", "at_most": "at most {:g}", "above": "more than {:g}"}


def page() -> str:
    """Return the page."""
    said = comments()
    kinds = [LAYERS[name] for name in LAYERS if LAYERS[name].__module__.startswith("netdef.")]
    shared: set[str] = set()
    parts = [section(kind, said, shared) for kind in kinds]
    index = " · ".join(f"[{kind.type}](#{kind.type.lower()})" for kind in kinds)
    messages = [message_section(name, said) for name in sorted(shared)]
    return "\n".join(
        [_HEAD, f"{index}\n", *parts, "# Messages that several layers have\n", *messages]
    )


def section(kind: type[Layer], said: dict[str, str], shared: set[str]) -> str:
    """Return what the page says about one type; messages that its fields name go to ``shared``."""
    lines = [f"## {kind.type}\n", *_description(kind)]
    lines += [f"- Bottoms: {_ports(kind, 'bottom')}. Tops: {_ports(kind, 'top')}."]
    lines += [f"- From: {origin(kind.type, kind._messages)}."]
    lines += [f"- Runs on: {', '.join(_engines(kind))}.\n"]
    rules = [rule for rule in dataclasses.fields(kind) if rule.name not in ("training", "name")]
    blocks: dict[str, list[str]] = {}
    for rule in rules:
        block, field = _home(kind, rule.name)
        if field.message_type is not None:
            shared.add(field.message_type.name)
        owner = field.containing_type.name
        meaning = said.get(f"{owner}.{field.name}", "")
        row = (f"`{rule.name}`", _type(field), _default(rule), _range(rule), meaning)
        blocks.setdefault(block, []).append(_row(row))
    for block, rows in blocks.items():
        head = f"`{block}`" if block else "the layer itself"
        lines += [_row((f"in {head}", "type", "default", "range", "meaning"))]
        lines += ["|---|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def message_section(name: str, said: dict[str, str]) -> str:
    """Return what the page says about a message that fields of layers hold."""
    lines = [f"## {name}\n", f"{said.get(name, '')}\n"]
    lines += [_row(("field", "type", "default", "meaning")), "|---|---|---|---|"]
    for field in DESCRIPTOR.message_types_by_name[name].fields:
        value = _words(field, field.default_value) if field.has_default_value else ""
        meaning = said.get(f"{name}.{field.name}", "")
        lines.append(_row((f"`{field.name}`", _type(field), value, meaning)))
    return "\n".join([*lines, ""])


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _description(kind: type[Layer]) -> Iterator[str]:
    """Yield the docstring up to its errors: paragraphs, then shapes as a list."""
    text = (inspect.getdoc(kind) or "").replace("``", "`")
    words, _, rest = text.partition("\n\nShapes:\n")
    yield f"{words}\n"
    for line in rest.partition("\n\n")[0].splitlines():
        is_continued = line.startswith("        ")
        yield f"  {line.strip()}" if is_continued else f"- {line.strip()}"
    yield ""


def _ports(kind: type[Layer], which: str) -> str:
    ports = kind.bottom_ports() if which == "bottom" else kind.top_ports()
    if not ports.names:
        return "none"
    names = ", ".join(
        f"`{name}`" + (" (may be left out)" if i >= ports.fewest and not ports.is_variadic else "")
        for i, name in enumerate(ports.names)
    )
    if ports.is_variadic:
        names += f" ({ports})"
    return names + (", or several, a top for each" if kind.maps_each_bottom else "")


def _home(kind: type[Layer], name: str) -> tuple[str, Any]:
    """Return the block that a field is written in ('' for the layer itself), and its descriptor."""
    for block in kind._messages:
        message = LayerParameter.DESCRIPTOR.fields_by_name[block].message_type
        if name in message.fields_by_name:
            return block, message.fields_by_name[name]
    return "", LayerParameter.DESCRIPTOR.fields_by_name[name]


def _type(field: Any) -> str:
    if field.message_type is not None:
        name = field.message_type.name
        words = f"[{name}](#{name.lower()})"
    elif field.enum_type is not None:
        words = ", ".join(value.name for value in field.enum_type.values)
    else:
        words = _TYPES.get(field.type, "whole number")
    return f"{words}; repeated" if field.is_repeated else words


def _default(rule: dataclasses.Field[Any]) -> str:
    if rule.default is rule.default_factory is dataclasses.MISSING:
        return "needed"
    if rule.default in (None, (), dataclasses.MISSING):
        return ""
    return _words(None, rule.default)


def _words(field: Any, value: Any) -> str:
    if field is not None and field.enum_type is not None:
        value = field.enum_type.values_by_number[value].name
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _range(rule: dataclasses.Field[Any]) -> str:
    given = ((limit, rule.metadata.get(limit)) for limit in _LIMITS)
    return ", ".join(_LIMITS[limit].format(bound) for limit, bound in given if bound is not None)


def _engines(kind: type[Layer]) -> Iterator[str]:
    """Yield the engines that run a layer: the reference runs every layer, others some calls."""
    calls = _primitives(kind)
    if calls & HOST_CALLS:
        yield "the host" + (" and numpy" if calls - HOST_CALLS else "")
    elif calls:
        yield NumpyEngine.name
    else:
        yield "nothing: it computes nothing"
    for engine in _other_engines():
        reference = {c: getattr(NumpyEngine, c, None) for c in calls}
        names = sorted(c for c in calls if getattr(engine, c, reference[c]) is not reference[c])
        if names:
            yield f"{engine.name} ({', '.join(names)})"


def _primitives(kind: type[Layer]) -> frozenset[str]:
    """Return the primitives that the modules of a layer and of its bases call."""
    modules = {
        cls.__module__ for cls in kind.__mro__ if cls.__module__.startswith("netdef.layers.")
    }
    for value in vars(sys.modules[kind.__module__]).values():
        home = getattr(value, "__module__", None) or ""
        if home.startswith("netdef.layers."):
            modules.add(home)
    text = "".join(inspect.getsource(sys.modules[name]) for name in modules)
    calls = frozenset(re.findall(r"\bops\.(\w+)\(", text))
    return calls | {"feed"} if issubclass(kind, DataLayer) else calls


def _other_engines() -> list[type[Engine]]:
    for module in pkgutil.walk_packages(netdef.engines.__path__, "netdef.engines."):
        importlib.import_module(module.name)
    found: set[type[Engine]] = set()
    waiting: list[type[Engine]] = [Engine]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            is_ours = kind.__module__.startswith("netdef.")
            if "name" in vars(kind) and is_ours and kind is not NumpyEngine:
                found.add(kind)
    return sorted(found, key=lambda kind: kind.name)


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"{PAGE}: {len(list(LAYERS))} types")

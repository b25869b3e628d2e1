"""The fields of layers that other packages add: names and values as text.

A plug-in's layer declares them with a default, which also tells their type,
``slope: float = field(default=0.5, above=0)``, and a prototxt sets them without a
schema of their own: ``plugin_param { name: "slope" value: "0.25" }``.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from netdef.errors import FieldError, did_you_mean
from netdef.proto import PluginField

OWN = "is_own"
"""The key in a field's metadata that says that netdef.proto does not have it."""

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def plugin_values(
    rules: Sequence[dataclasses.Field[Any]], entries: Iterable[PluginField]
) -> dict[str, Any]:
    """Return the values of ``plugin_param`` by name, each in the type of its field's default.

    Raises:
        FieldError: the layer has no such field, it is given twice, or its text is of no value.
    """
    own = {rule.name: rule.default for rule in rules if OWN in rule.metadata}
    values: dict[str, Any] = {}
    for entry in entries:
        name = entry.name
        if name not in own:
            raise FieldError(f"plugin_param has no field {name!r}{did_you_mean(name, own)}")
        if name in values:
            raise FieldError(f"plugin_param gives {name} twice; keep one")
        values[name] = _parse(name, entry.value, type(own[name]))
    return values


def _parse(name: str, text: str, kind: type) -> Any:
    try:
        return {"true": True, "false": False}[text] if kind is bool else kind(text)
    except (ValueError, KeyError):
        raise FieldError(f"plugin_param {name} must be {_WORDS[kind]}, got {text!r}") from None

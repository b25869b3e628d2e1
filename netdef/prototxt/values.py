"""One value of a field: text to number, truth, name or string."""

import re

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from netdef.errors import did_you_mean
from netdef.prototxt.forks import whose

_BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_TRUTHS = {"true": True, "True": True, "t": True, "1": True}
_TRUTHS |= {"false": False, "False": False, "f": False, "0": False}
_INTEGER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")
_REAL = re.compile(r"(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fF]?|(-?)(?i:(inf)(?:inity)?|(nan))")

Value = bool | int | float


def value_of(field: FieldDescriptor, text: str) -> Value:
    """Return the value that ``text`` (no string, with its sign) gives to ``field``.

    Raises:
        ValueError: the field does not take it; the message says what it takes.
    """
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_BOOL and text in _TRUTHS:
        return _TRUTHS[text]
    if field.enum_type is not None and text[0] not in "\"'":
        return _enum_value(field.enum_type, text)
    if kind in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        real = _REAL.fullmatch(text)
        if real:
            return float(real[1] or f"{real[2]}{real[3] or real[4]}")
    if kind in _BOUNDS and _INTEGER.fullmatch(text):
        value = int(re.sub(r"^(-?)0(?=\d)", r"\g<1>0o", text), 0)
        low, high = _BOUNDS[kind]
        if low <= value <= high:
            return value
    raise ValueError(f"{field.name} takes {what_it_takes(field)}, not {text}")


def what_it_takes(field: FieldDescriptor) -> str:
    """Say in words what the values of ``field`` are."""
    if field.cpp_type in _BOUNDS:
        low, high = _BOUNDS[field.cpp_type]
        return f"a whole number from {low} to {high}"
    return {
        FieldDescriptor.CPPTYPE_BOOL: "true or false",
        FieldDescriptor.CPPTYPE_STRING: 'a "string" in quotes',
        FieldDescriptor.CPPTYPE_MESSAGE: "a block in braces { }",
        FieldDescriptor.CPPTYPE_ENUM: "a name without quotes",
    }.get(field.cpp_type, "a number")


def _enum_value(enum: EnumDescriptor, text: str) -> int:
    if text in enum.values_by_name:
        return enum.values_by_name[text].number
    if text.isdecimal() and int(text) in enum.values_by_number:
        return int(text)
    name = enum.full_name.removeprefix("netdef.")
    hint = whose(name, text) or did_you_mean(text, enum.values_by_name)
    raise ValueError(f"{name} has no value {text!r}{hint}")

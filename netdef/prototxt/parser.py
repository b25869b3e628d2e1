"""Protobuf's text format into a message, with errors that say where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from netdef.errors import TextError, did_you_mean
from netdef.prototxt.forks import whose
from netdef.prototxt.source import Source
from netdef.prototxt.tokens import Token, tokenize, unquote
from netdef.prototxt.values import Value, value_of, what_it_takes

Fields = list[tuple[str, int]]

CLOSING = {"{": "}", "<": ">"}


@dataclass(frozen=True)
class Block:
    """A message being filled, and the token that its block began with."""

    message: Any
    opening: Token

    @property
    def name(self) -> str:
        """The message's name."""
        return str(self.message.DESCRIPTOR.name)


def fill(message: Message, source: Source, others: Mapping[str, Descriptor]) -> Fields:
    """Fill ``message`` from text; return the name and line of each of its own fields, in order.

    ``others`` are what the file may be instead: ``{"solver": SolverParameter.DESCRIPTOR}``.

    Raises:
        TextError: the text does not fit the message, or is empty.
    """
    return _Parser(source, others).parse(message)


def kind_of(message: Message) -> str:
    """Return ``net`` for a NetParameter."""
    return str(message.DESCRIPTOR.name).removesuffix("Parameter").lower()


def is_repeated(field: FieldDescriptor) -> bool:
    """Say whether a field may be given more than once, under every version of protobuf."""
    return isinstance(field.default_value, list)


class _Parser:
    def __init__(self, source: Source, others: Mapping[str, Descriptor]) -> None:
        self.source, self.others = source, others
        self.tokens = tokenize(source)
        self.next = 0
        self.blocks: list[Block] = []
        self.fields: Fields = []

    def parse(self, message: Message) -> Fields:
        if self.peek().kind == "end":
            raise TextError(f"{self.source.path}: is empty; a {kind_of(message)} is expected")
        self.fill_block(message, self.peek(), "")
        return self.fields

    def peek(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        self.next += 1
        return self.tokens[self.next - 1]

    def takes(self, *marks: str) -> bool:
        """Take the next token if it is one of these marks."""
        found = self.peek().kind == "mark" and self.peek().text in marks
        self.next += found
        return found

    def error(self, token: Token, what: str) -> TextError:
        return self.source.error(token.start, what)

    def fill_block(self, message: Any, opening: Token, closing: str) -> None:
        self.blocks.append(Block(message, opening))
        while not self.is_closed_by(closing):
            self.fill_field(message)
            self.takes(",", ";")
        self.blocks.pop()
        missing = message.FindInitializationErrors()
        if missing:
            raise self.error(opening, f"{message.DESCRIPTOR.name} needs {' and '.join(missing)}")

    def is_closed_by(self, closing: str) -> bool:
        token = self.peek()
        if token.kind == "end":
            if closing:
                raise self.never_closed(self.blocks[-1])
            return True
        if token.kind != "mark" or token.text not in CLOSING.values():
            return False
        if not closing:
            raise self.error(token, f"{token.text!r} closes nothing")
        if token.text != closing:
            raise self.error(token, f"{token.text!r} cannot close this block; write {closing!r}")
        self.take()
        return True

    def never_closed(self, block: Block) -> TextError:
        what = f"the block of this {block.name} is never closed; a closing brace is missing"
        return self.error(block.opening, what)

    def fill_field(self, message: Any) -> None:
        name = self.take()
        if name.kind != "word":
            raise self.error(name, f"a field's name is expected, not {name.text}")
        field = message.DESCRIPTOR.fields_by_name.get(name.text)
        if field is None:
            raise self.error(name, self.no_such_field(name))
        has_colon = self.takes(":")
        if field.message_type is None and not has_colon:
            raise self.error(self.peek(), f"a ':' is missing after {name.text!r}")
        if not is_repeated(field) and message.HasField(field.name):
            raise self.error(name, f"{field.name!r} is given twice; it takes one value")
        if not (is_repeated(field) and self.takes("[")):
            self.fill_value(message, field, name)
            return
        while not self.takes("]"):
            self.fill_value(message, field, self.peek())
            if not self.takes(",") and self.peek().text != "]":
                raise self.error(self.peek(), "a ',' or ']' is expected in the list")

    def no_such_field(self, name: Token) -> str:
        block = self.blocks[-1]
        what = f"{block.name} has no field {name.text!r}"
        for outer in reversed(self.blocks[:-1]):
            if name.text in outer.message.DESCRIPTOR.fields_by_name:
                line = self.source.line(block.opening.start)
                return f"{what}; is the }} missing that closes the block of line {line}?"
        for kind, other in self.others.items():
            if not self.blocks[1:] and name.text in other.fields_by_name:
                expected = kind_of(block.message)
                return f"this is a {kind} (it has {name.text!r}), but a {expected} is expected"
        hint = whose(block.name, name.text)
        return what + (hint or did_you_mean(name.text, block.message.DESCRIPTOR.fields_by_name))

    def fill_value(self, message: Message, field: FieldDescriptor, first: Token) -> None:
        if len(self.blocks) == 1:
            self.fields.append((field.name, self.source.line(first.start)))
        if field.message_type is not None:
            self.fill_message(message, field, first)
            return
        is_text = field.cpp_type == FieldDescriptor.CPPTYPE_STRING
        value = self.string(field) if is_text else self.scalar(field)
        if is_repeated(field):
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)

    def fill_message(self, message: Message, field: FieldDescriptor, first: Token) -> None:
        opening = self.take()
        if opening.text not in CLOSING:
            raise self.no_value(opening, field)
        inner = getattr(message, field.name)
        if is_repeated(field):
            inner = inner.add()
        else:
            inner.SetInParent()
        self.fill_block(inner, first, CLOSING[opening.text])

    def no_value(self, token: Token, field: FieldDescriptor) -> TextError:
        if token.kind in ("mark", "end"):
            what = f"{field.name} has no value; it takes {what_it_takes(field)}"
        else:
            what = f"{field.name} takes {what_it_takes(field)}, not {token.text}"
        return self.error(token, what)

    def scalar(self, field: FieldDescriptor) -> Value:
        first = self.peek()
        sign = "-" if self.takes("-") else ""
        token = self.take()
        if token.kind in ("mark", "end"):
            raise self.no_value(token, field)
        try:
            return value_of(field, sign + token.text)
        except ValueError as error:
            raise self.error(first, str(error)) from None

    def string(self, field: FieldDescriptor) -> str | bytes:
        first = self.peek()
        if first.kind != "string":
            raise self.no_value(first, field)
        parts = []
        while self.peek().kind == "string":
            parts.append(unquote(self.source, self.take()))
        content = b"".join(parts)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return content
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise self.error(first, f"{field.name} is not UTF-8 text") from None

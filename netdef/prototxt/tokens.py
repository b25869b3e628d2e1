"""Protobuf's text format as a list of tokens."""

import re
from typing import NamedTuple

from netdef.prototxt.source import Source

_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*)+
    |(?P<word>[A-Za-z_]\w*)
    |(?P<number>\.?\d(?:[eE][+-](?=\d)|[\w.])*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>[{}<>\[\]:;,-])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(
    rb"\\(?:(?P<octal>[0-7]{1,3})|[xX](?P<hex>[0-9a-fA-F]{1,2})|u(?P<code>[0-9a-fA-F]{4})|(.))"
)
_LETTERS = dict(zip(b"abfnrtv\\'\"?", b"\a\b\f\n\r\t\v\\'\"?", strict=True))


class Token(NamedTuple):
    """A word, a number, a string, a mark or the end of the text."""

    kind: str
    text: str
    start: int


def tokenize(source: Source) -> list[Token]:
    """Cut a text into tokens; blanks and comments go, an ``end`` is added.

    Raises:
        TextError: a character has no meaning, or a string is not closed.
    """
    tokens, text, offset = [], source.text, 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise source.error(offset, _stray(text[offset]))
        if match.lastgroup:
            tokens.append(Token(match.lastgroup, match.group(), offset))
        offset = match.end()
    return [*tokens, Token("end", "the end of the file", len(text))]


def _stray(character: str) -> str:
    if character in "\"'":
        return "this string is not closed in its line"
    return f"{character!r} has no meaning here"


def unquote(source: Source, token: Token) -> bytes:
    """Return what a string token stands for, in UTF-8.

    Raises:
        TextError: a backslash does not begin an escape.
    """

    def replace(match: re.Match[bytes]) -> bytes:
        if match["octal"]:
            return bytes([int(match["octal"], 8) & 255])
        if match["hex"]:
            return bytes([int(match["hex"], 16)])
        if match["code"]:
            return chr(int(match["code"], 16)).encode(errors="replace")
        letter = match[4]
        if letter[0] not in _LETTERS:
            what = f"'\\{letter.decode(errors='replace')}' is no escape"
            raise source.error(token.start, rf"{what}; write \\ for a backslash")
        return bytes([_LETTERS[letter[0]]])

    return _ESCAPE.sub(replace, token.text[1:-1].encode())

"""New names of layers, by rules such as ``conv*=features/conv*``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from netdef.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Rule:
    """One rule as it is written, the names it is of, and what becomes of them."""

    text: str
    pattern: re.Pattern[str]
    template: str


def parse_rule(text: str, is_regex: bool = False) -> Rule:
    r"""Return the rule ``OLD=NEW``.

    OLD is a name in which ``*`` is any text, ``?`` any letter and ``[ab]`` one of some; the n-th
    ``*`` of NEW becomes what the n-th of these was. With ``is_regex``, OLD is a regular
    expression for the whole name, and NEW has ``\1`` for its groups.

    Raises:
        ConfigError: it has no ``=``, one side is empty, or NEW has more ``*`` than OLD.
    """
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise ConfigError(f"{text!r} renames nothing; write OLD=NEW, such as fc8=fc8_new")
    if is_regex:
        return _regex_rule(text, old, new)
    parts = re.split(r"([*?]|\[[^]]*\])", old)
    pattern = "".join(
        f"({_class(part)})" if i % 2 else re.escape(part) for i, part in enumerate(parts)
    )
    wildcards, pieces = len(parts) // 2, new.split("*")
    if len(pieces) - 1 > wildcards:
        raise ConfigError(
            f"{text!r}: {new!r} has {len(pieces) - 1} *, {old!r} only {wildcards} wildcards"
        )
    template = "".join(
        rf"\g<{i}>{piece}" if i else piece
        for i, piece in enumerate(p.replace("\\", r"\\") for p in pieces)
    )
    return Rule(text, re.compile(pattern, re.DOTALL), template)


def _class(wildcard: str) -> str:
    return {"*": ".*", "?": "."}.get(wildcard, wildcard.replace("[!", "[^", 1))


def _regex_rule(text: str, old: str, new: str) -> Rule:
    try:
        pattern = re.compile(old)
        # A group that is not there shows only when a name fits: ask for each here.
        re.compile(f"(?:{old})|").sub(new, "", count=1)
    except (re.error, IndexError) as error:
        raise ConfigError(f"{text!r}: is no regular expression ({error})") from None
    return Rule(text, pattern, new)


def new_names(names: Sequence[str], rules: Sequence[Rule]) -> dict[str, str]:
    """Return the new name of each; the first rule that fits a name counts.

    Raises:
        ConfigError: a rule fits no name, or two layers would have one name.
    """
    found: dict[str, str] = {}
    used = set()
    for name in names:
        rule = next((r for r in rules if r.pattern.fullmatch(name)), None)
        found[name] = name
        if rule:
            used.add(rule.text)
            match = rule.pattern.fullmatch(name)
            assert match
            found[name] = match.expand(rule.template)
    for rule in rules:
        if rule.text not in used:
            old = rule.text.partition("=")[0]
            raise ConfigError(f"{rule.text!r} fits no layer{did_you_mean(old, names)}")
    _refuse_twins(found)
    return found


def _refuse_twins(found: dict[str, str]) -> None:
    olds: dict[str, str] = {}
    for old, new in found.items():
        if not new:
            raise ConfigError(f"layer {old!r} would have no name")
        if new in olds:
            raise ConfigError(f"layers {olds[new]!r} and {old!r} would both be called {new!r}")
        olds[new] = old


def left_names(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Return the names that no pattern such as ``loss*`` fits.

    Raises:
        ConfigError: a pattern fits none, or nothing would be left.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ConfigError(f"{pattern!r} fits no layer{did_you_mean(pattern, names)}")
    left = [name for name in names if not any(fnmatchcase(name, p) for p in patterns)]
    if not left:
        raise ConfigError("no layer would be left")
    return left

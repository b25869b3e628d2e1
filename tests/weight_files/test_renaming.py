"""New names of layers by rules."""

import pytest

from netdef.errors import ConfigError
from netdef.weight_files.renaming import left_names, new_names, parse_rule

NAMES = ["conv1", "conv2_1", "fire2/squeeze", "fc8", "a+b"]


def renamed(*rules, regex=False, names=NAMES):
    found = new_names(names, [parse_rule(rule, regex) for rule in rules])
    return {old: new for old, new in found.items() if old != new}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["fc8=fc8_new"], {"fc8": "fc8_new"}),
        (["a+b=c"], {"a+b": "c"}),
        (["conv*=body/conv*"], {"conv1": "body/conv1", "conv2_1": "body/conv2_1"}),
        (["conv?_*=c*x*"], {"conv2_1": "c2x1"}),
        (["conv[!2]=first"], {"conv1": "first"}),
        (["*/*=*.*"], {"fire2/squeeze": "fire2.squeeze"}),
        (["conv1=one", "conv*=c*"], {"conv1": "one", "conv2_1": "c2_1"}),
        ([r"fc8=a\1b"], {"fc8": r"a\1b"}),
    ],
)
def test_names_and_patterns(rules, expected):
    assert renamed(*rules) == expected


def test_regular_expressions_take_whole_names():
    assert renamed(r"(conv)(\d)=\2\1", regex=True) == {"conv1": "1conv"}


@pytest.mark.parametrize(
    ("rules", "regex", "message"),
    [
        (["fc8"], False, "'fc8' renames nothing; write OLD=NEW, such as fc8=fc8_new"),
        (["=x"], False, "'=x' renames nothing; write OLD=NEW, such as fc8=fc8_new"),
        (["fc9=x"], False, "'fc9=x' fits no layer; did you mean 'fc8'?"),
        (["fc8=*"], False, "'fc8=*': '*' has 1 *, 'fc8' only 0 wildcards"),
        (["fc8=conv1"], False, "layers 'conv1' and 'fc8' would both be called 'conv1'"),
        (["conv*=c"], False, "layers 'conv1' and 'conv2_1' would both be called 'c'"),
        (["conv1=a", "conv1=b"], False, "'conv1=b' fits no layer; did you mean 'conv1'?"),
        (["(x=y"], True, "'(x=y': is no regular expression (missing ), unterminated subpattern at"
         " position 0)"),
        ([r"fc8=\1"], True, r"'fc8=\\1': is no regular expression (invalid group reference 1 at"
         " position 1)"),
    ],
)  # fmt: skip
def test_refusals(rules, regex, message):
    with pytest.raises(ConfigError) as caught:
        renamed(*rules, regex=regex)
    assert str(caught.value) == message


def test_layers_that_are_left():
    assert left_names(NAMES, ["fc8", "conv*"]) == ["fire2/squeeze", "a+b"]
    with pytest.raises(ConfigError, match="'fc7' fits no layer; did you mean 'fc8'?"):
        left_names(NAMES, ["fc7"])
    with pytest.raises(ConfigError, match="no layer would be left"):
        left_names(NAMES, ["*"])

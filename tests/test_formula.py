import pytest

from netdef.errors import SchemaError
from netdef.expression import Expression, Operation, Result
from netdef.formula import Assignment, compile_formula, names_read, needed, where_decayed

TEXT = """
    g = scale * grad
    if decay:
        g = g + decay * w
    h = momentum * h + g
    spare = h
    w = w - h
"""


def formula():
    return compile_formula(TEXT, {"momentum": 0.5})


def test_lines_in_order_with_numbers_put_in():
    lines = formula()
    assert [line.name for line in lines] == ["g", "g", "h", "spare", "w"]
    assert [line.is_decay for line in lines] == [False, True, False, False, False]
    operations = (Operation("multiply", (0.5, "h")), Operation("add", (Result(0), "g")))
    assert lines[2] == Assignment("h", Expression(operations, Result(1)))
    assert lines[3] == Assignment("spare", Expression((), "h"))


def test_lines_that_count_only_where_weights_decay():
    assert len(where_decayed(formula(), True)) == 5
    assert [line.name for line in where_decayed(formula(), False)] == ["g", "h", "spare", "w"]


def test_only_what_a_result_depends_on():
    assert [line.name for line in needed(formula(), ["w"])] == ["g", "g", "h", "w"]
    assert [line.name for line in needed(formula(), ["g"])] == ["g", "g"]
    assert [line.name for line in needed(where_decayed(formula(), False), ["g"])] == ["g"]


def test_a_line_that_is_overwritten_is_not_needed():
    lines = compile_formula("d = a\nd = b\nw = w - d", {})
    assert needed(lines, ["w"]) == lines[1:]


def test_a_line_that_may_be_overwritten_is_needed():
    lines = compile_formula("d = a\nif decay:\n    d = b\nw = w - d", {})
    assert needed(lines, ["w"]) == lines


def test_names_whose_values_come_from_outside():
    assert names_read(formula()) == {"scale", "grad", "decay", "w", "h"}
    assert names_read(where_decayed(formula(), False)) == {"scale", "grad", "w", "h"}
    assert names_read(compile_formula("if decay:\n    w = kept * w", {})) == {"decay", "kept", "w"}
    assert names_read(compile_formula("if decay:\n    w = 0", {})) == {"decay", "w"}


@pytest.mark.parametrize(
    "line",
    ["w, h = 1, 2", "w += 1", "if rate:\n    w = 1", "if decay:\n    w = 1\nelse:\n    w = 2", "w"],
)
def test_what_is_no_line_of_a_formula(line):
    with pytest.raises(SchemaError, match="no line of a formula: "):
        compile_formula(line, {})

"""Text in columns."""

import pytest

from netdef.table import bytes_in_words, table


def test_numbers_stand_to_the_right_and_words_to_the_left():
    assert table(("layer", "bytes", "ms"), [("conv1", 12345, 1.5), ("x", 7, 1000.25)]) == (
        "layer   bytes        ms\n"
        "-----------------------\n"
        "conv1  12,345      1.50\n"
        "x           7  1,000.25"
    )


def test_a_total_stands_under_a_line():
    assert table(("a", "b"), [("x", 1), ("y", 2)], ("sum", 3)) == (
        "a    b\n------\nx    1\ny    2\n------\nsum  3"
    )


def test_no_rows():
    assert table(("layer", "type"), []) == "layer  type\n-----------"


def test_lines_end_without_spaces():
    assert table(("a", "long name"), [("x", "y")]).splitlines()[-1] == "x  y"


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2_550_000, "2.5 MB"),
     (10**9, "1.0 GB"), (25 * 10**14, "2500.0 TB")],
)  # fmt: skip
def test_bytes_in_words(count, words):
    assert bytes_in_words(count) == words

import re

import numpy as np
import pytest
from agreement import check_agreement
from sides import Side

from netdef.errors import RunError


class Says:
    """Computes what it is told to."""

    passes = ()

    def __init__(self, *numbers):
        self.numbers = np.array(numbers)

    def answer(self):
        return self.numbers


class Fails:
    """Must not be run."""


def side(name, *numbers, make=Says, may_fail=False):
    return Side(name, name, make, numbers, {}, may_fail)


def test_it_tells_the_largest_difference():
    given = [side("a", 4.0, -8.0), side("b", 4.0, -8.0), side("c", 4.08, -8.0)]
    assert check_agreement("net", given, 0.02) == pytest.approx(0.01)


@pytest.mark.parametrize("wrong", [4.09, float("nan")])
def test_what_computes_something_else_is_named(wrong):
    given = [side("a", 4.0, -8.0), side("b", wrong, -8.0)]
    words = f"{(wrong - 4) / 8:.2g} of it away"
    message = f"net: b, b computes something else: {words}"
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        check_agreement("net", given, 0.01)


def test_compiled_sides_are_not_run():
    check_agreement("net", [side("a", 1.0), side("b", make=Fails, may_fail=True)], 0.01)

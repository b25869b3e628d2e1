"""What passes may not do: take away what is kept, or move a call past a change of what it reads."""

import pytest

from netdef.fusion import PASSES, fuse
from netdef.program import Call
from netdef.shape import Shape
from netdef.values import Value
from netdef.window import Window


def image(name):
    return Value("blob", name, Shape((2, 3, 4, 4)))


def elementwise(out, text, **reads):
    return Call("map", 0, reads, {"out": out}, {"expression": text, "numbers": {}})


A, B, T, Y = map(image, "abty")
FIRST = elementwise(T, "2 * a", a=A)
LAST = elementwise(Y, "t + 1", t=T)


def fused(*calls, kept=frozenset(), passes=tuple(PASSES)):
    return [str(c) for c in fuse(calls, (), frozenset(kept), True, passes)[0]]


def test_neighbours_become_one():
    assert fused(FIRST, LAST) == ["y = map(a, expression='2 * a0 + 1')"]


@pytest.mark.parametrize("kept", [{T}, {T, Y}])
def test_what_is_kept_is_still_made(kept):
    assert len(fused(FIRST, LAST, kept=kept)) == 2


def test_a_call_does_not_move_past_a_change_of_what_it_reads():
    change = elementwise(A, "b", b=B)
    assert len(fused(FIRST, change, LAST, passes=("maps",))) == 3
    assert len(fused(change, FIRST, LAST, passes=("maps",))) == 1


def test_what_two_calls_read_is_made_once():
    assert len(fused(FIRST, LAST, elementwise(B, "t * t", t=T))) == 3


def test_a_convolution_that_is_kept_keeps_its_relu_apart():
    weight = Value("weight", "w", Shape((3, 3, 1, 1)))
    window = Window((1, 1), (1, 1), (0, 0), (1, 1))
    reads, options = {"x": A, "weight": weight, "bias": None}, {"window": window, "group": 1}
    conv = Call("conv", 0, reads, {"out": T}, options)
    relu = elementwise(Y, "maximum(x, 0)", x=T)
    assert len(fused(conv, relu)) == 1
    assert len(fused(conv, relu, kept={T})) == 2


def test_a_copy_of_what_changes_later_stays():
    copy, change = elementwise(T, "x", x=A), elementwise(A, "b", b=B)
    reader = Call("softmax", 0, {"x": T}, {"out": Y}, {"axis": 1})
    assert len(fused(copy, change, reader)) == 3
    assert fused(copy, reader) == ["y = softmax(a, axis=1)"]

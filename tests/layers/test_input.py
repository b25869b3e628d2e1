import pytest

from netdef.graph import build
from netdef.infer import infer
from netdef.prototxt import parse_net
from tests.refusal import refusal

SHAPES = "shape { dim: 2 dim: 3 }"


@pytest.mark.parametrize(
    ("shapes", "tops", "want"),
    [
        (SHAPES, 'top: "a"', {"a": (2, 3)}),
        (SHAPES, 'top: "a" top: "b"', {"a": (2, 3), "b": (2, 3)}),
        (SHAPES + "shape { dim: 4 }", 'top: "a" top: "b"', {"a": (2, 3), "b": (4,)}),
        ("shape { }", 'top: "a"', {"a": ()}),
    ],
)
def test_shapes(shapes, tops, want):
    text = f'layer {{ name: "in" type: "Input" {tops} input_param {{ {shapes} }} }}'
    graph = build(parse_net(text, "net.prototxt"), 0)
    assert infer(graph).blobs == want
    assert graph.inputs == tuple(want)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'top: "a"',
            "input_param has 0 shapes for 1 tops; give one, or one each",
        ),
        (
            f'top: "a" top: "b" top: "c" input_param {{ {SHAPES} {SHAPES} }}',
            "input_param has 2 shapes for 3 tops; give one, or one each",
        ),
        (
            'top: "a" input_param { shape { dim: 2 dim: -1 } }',
            "top 'a' would have the shape (2, -1)",
        ),
        (f"input_param {{ {SHAPES} }}", "takes 1 or more tops, got 0"),
    ],
)
def test_what_is_refused(text, message):
    layer = f'layer {{ name: "in" type: "Input" {text} }}'
    assert refusal(layer) == f"net.prototxt:1: layer 'in' (Input): {message}"

import pytest

from netdef.errors import ConfigError
from netdef.infer import infer
from netdef.shape import Shape
from tests.stages.staging import given, graph_of, layer, product

IN = given("x y", (4, 3), (4, 3))


def shapes_of(text, inputs=None):
    return infer(graph_of(text), inputs)


def message(text):
    with pytest.raises(ConfigError) as caught:
        shapes_of(text)
    return str(caught.value)


def params_of(shapes):
    """Return a line for each weight blob."""
    return [
        f"{p.key} <- {p.owner} {Shape(p.weight.shape)} lr {p.lr_mult:g} decay {p.decay_mult:g}"
        for params in shapes.params.values()
        for p in params
    ]


def test_shapes_of_every_version_of_a_blob():
    text = IN + product("ip", "x", 5) + layer("relu", "ReLU", "ip", "ip")
    assert shapes_of(text).blobs == {"x": (4, 3), "y": (4, 3), "ip": (4, 5), "ip@relu": (4, 5)}


def test_inputs_may_have_other_shapes_than_the_text():
    text = IN + product("ip", "x", 5)
    assert shapes_of(text, {"x": Shape((7, 3))}).blobs["ip"] == (7, 5)


def test_several_bottoms_of_a_convolution_share_its_weights():
    fields = "convolution_param { num_output: 2 kernel_size: 1 }"
    text = given("x y", (4, 3, 2, 2), (4, 3, 5, 5)) + layer(
        "conv", "Convolution", "x y", "a b", fields
    )
    shapes = shapes_of(text)
    assert (shapes.blobs["a"], shapes.blobs["b"]) == ((4, 2, 2, 2), (4, 2, 5, 5))
    assert len(shapes.params["conv"]) == 2


def test_multipliers():
    fields = "param { lr_mult: 0.1 decay_mult: 2 } param { lr_mult: 0 }"
    text = IN + product("a", "x", fields=fields) + layer("bn", "BatchNorm", "a")
    assert params_of(shapes_of(text)) == [
        "a/0 <- a/0 (2, 3) lr 0.1 decay 2",
        "a/1 <- a/1 (2,) lr 0 decay 1",
        "bn/0 <- bn/0 (2,) lr 0 decay 1",
        "bn/1 <- bn/1 (2,) lr 0 decay 1",
        "bn/2 <- bn/2 (1,) lr 0 decay 1",
    ]


def test_shared_weights_have_one_owner():
    shared = 'param { name: "w" lr_mult: 2 } param { name: "b" }'
    text = IN + product("a", "x", fields=shared) + product("b", "y", fields=shared)
    shapes = shapes_of(text)
    assert params_of(shapes) == [
        "a/0 <- a/0 (2, 3) lr 2 decay 1",
        "a/1 <- a/1 (2,) lr 1 decay 1",
        "b/0 <- a/0 (2, 3) lr 2 decay 1",
        "b/1 <- a/1 (2,) lr 1 decay 1",
    ]
    assert [p.key for p in shapes.owners] == ["a/0", "a/1"]


def test_a_later_layer_may_set_the_multipliers_of_both():
    text = (
        IN
        + product("a", "x", fields='param { name: "w" }')
        + product("b", "y", fields='param { name: "w" lr_mult: 3 decay_mult: 0 }')
    )
    assert params_of(shapes_of(text))[::2] == [
        "a/0 <- a/0 (2, 3) lr 3 decay 0",
        "b/0 <- a/0 (2, 3) lr 3 decay 0",
    ]


def test_sharing_needs_the_same_shape_unless_it_is_permissive():
    one = 'param { name: "w" } inner_product_param { num_output: 4 bias_term: false }'
    other = 'param { name: "w" %s } inner_product_param { num_output: 2 bias_term: false }'
    head = given("x y", (5, 3), (5, 6)) + layer("a", "InnerProduct", "x", fields=one)
    strict = head + layer("b", "InnerProduct", "y", fields=other % "")
    assert message(strict) == (
        "net.prototxt:3: layer 'b' (InnerProduct): cannot share param 'w' of layer 'a': shape"
        " (2, 6), there (4, 3); set share_mode: PERMISSIVE"
    )
    shapes = shapes_of(
        head + layer("b", "InnerProduct", "y", fields=other % "share_mode: PERMISSIVE")
    )
    assert params_of(shapes) == [
        "a/0 <- a/0 (4, 3) lr 1 decay 1",
        "b/0 <- a/0 (2, 6) lr 1 decay 1",
    ]


def test_permissive_sharing_needs_the_same_size():
    permissive = 'param { name: "w" share_mode: PERMISSIVE }'
    text = IN + product("a", "x", 2, permissive) + product("b", "y", 5, permissive)
    assert message(text) == (
        "net.prototxt:3: layer 'b' (InnerProduct): cannot share param 'w' of layer 'a': shape"
        " (5, 3), there (2, 3)"
    )


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            product("a", "x", fields='param { name: "w" lr_mult: 1 }')
            + product("b", "y", fields='param { name: "w" lr_mult: 2 }'),
            "3: layer 'b' (InnerProduct): shares param 'w', but gives lr_mult 2, its owner 1",
        ),
        (
            product("a", "x", fields='param { name: "w" decay_mult: 0 }')
            + product("b", "y", fields='param { name: "w" decay_mult: 1 }'),
            "3: layer 'b' (InnerProduct): shares param 'w', but gives decay_mult 1, its owner 0",
        ),
        (
            product("a", "x", fields="param { } param { } param { }"),
            "2: layer 'a' (InnerProduct): has 3 param entries for 2 weight blobs; remove the rest",
        ),
        (
            layer(
                "a",
                "InnerProduct",
                "x",
                fields='inner_product_param { num_output: 1 weight_filler { type: "xavir" } }',
            ),
            "2: layer 'a' (InnerProduct): the filler of its weight: no filler type 'xavir'; did you"
            " mean 'xavier'?",
        ),
        (
            layer(
                "a",
                "InnerProduct",
                "x",
                fields='inner_product_param { num_output: 1 bias_filler { type: "bilinear" } }',
            ),
            "2: layer 'a' (InnerProduct): the filler of its bias: the bilinear filler fills square"
            " 4-D kernels, not the shape (1,)",
        ),
    ],
)
def test_what_is_refused(text, want):
    assert message(IN + text).removeprefix("net.prototxt:") == want

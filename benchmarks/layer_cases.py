"""Single layers at sizes that real nets have, for netdef and as PyTorch's functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]

IMAGE: Shape = (16, 64, 56, 56)
"""What a block of ResNet sees."""
SCENE: Shape = (1, 21, 500, 500)
"""Scores of a picture to be segmented."""
ROWS: Shape = (4096, 768)
"""32 sentences of 128 words."""


@dataclass(frozen=True)
class Case:
    """A layer: its prototxt, the shapes of its bottoms, and what PyTorch computes instead.

    ``function`` takes ``torch.nn.functional``, the bottoms, and parameters of the shapes
    ``weights``. With ``classes`` the last bottom holds labels below that number.
    """

    name: str
    prototxt: str
    bottoms: tuple[Shape, ...]
    function: Callable[..., Any]
    weights: tuple[Shape, ...] = ()
    classes: int = 0
    tops: int = 1


def _on_image(
    kind: str, function: Callable[..., Any], fields: str = "", *weights: Shape, name: str = ""
) -> Case:
    return Case(name or kind, f'type: "{kind}" {fields}', (IMAGE,), function, weights)


def _on_two(name: str, kind: str, fields: str, function: Callable[..., Any]) -> Case:
    return Case(name, f'type: "{kind}" {fields}', (IMAGE, IMAGE), function)


CASES = [
    _on_image("ReLU", lambda f, x: f.relu(x)),
    _on_image(
        "ReLU",
        lambda f, x: f.leaky_relu(x, 0.1),
        "relu_param { negative_slope: 0.1 }",
        name="ReLU, leaky",
    ),
    _on_image("PReLU", lambda f, x, w: f.prelu(x, w), "", (64,)),
    _on_image("ReLU6", lambda f, x: f.relu6(x)),
    _on_image("ELU", lambda f, x: f.elu(x)),
    _on_image("Sigmoid", lambda f, x: x.sigmoid()),
    _on_image("TanH", lambda f, x: x.tanh()),
    _on_image("Swish", lambda f, x: f.silu(x)),
    _on_image("HardSwish", lambda f, x: f.hardswish(x)),
    _on_image("GELU", lambda f, x: f.gelu(x)),
    _on_image("BNLL", lambda f, x: f.softplus(x)),
    _on_image("AbsVal", lambda f, x: x.abs()),
    _on_image("Exp", lambda f, x: x.exp()),
    _on_image(
        "Power", lambda f, x: (x / 2 + 1) ** 2, "power_param { power: 2 scale: 0.5 shift: 1 }"
    ),
    _on_image("Clip", lambda f, x: x.clamp(-1, 1), "clip_param { min: -1 max: 1 }"),
    _on_image("Dropout", lambda f, x: f.dropout(x, 0.5)),
    _on_image(
        *("Scale", lambda f, x, w, b: x * w + b, "scale_param { bias_term: true }"),
        *((1, 64, 1, 1), (1, 64, 1, 1)),
    ),
    _on_image("BatchNorm", lambda f, x: f.batch_norm(x, None, None, training=True)),
    _on_image("GroupNorm", lambda f, x, w, b: f.group_norm(x, 32, w, b), "", (64,), (64,)),
    _on_image("MVN", lambda f, x: f.instance_norm(x)),
    _on_image("LRN", lambda f, x: f.local_response_norm(x, 5, 1e-4, 0.75, 1)),
    _on_image("Reduction", lambda f, x: x.sum((2, 3)), "reduction_param { axis: 2 }"),
    Case(
        "Slice",
        'type: "Slice"',
        (IMAGE,),
        lambda f, x: [part.clone() for part in x.chunk(2, 1)],
        tops=2,
    ),
    _on_two("Eltwise sum", "Eltwise", "", lambda f, x, z: x + z),
    _on_two(
        "Eltwise max", "Eltwise", "eltwise_param { operation: MAX }", lambda f, x, z: x.maximum(z)
    ),
    _on_two(
        "Eltwise product", "Eltwise", "eltwise_param { operation: PROD }", lambda f, x, z: x * z
    ),
    _on_two("EuclideanLoss", "EuclideanLoss", "", lambda f, x, z: f.mse_loss(x, z)),
    Case(
        "Normalize",
        'type: "Normalize" norm_param { across_spatial: false }',
        ((8, 512, 38, 38),),
        lambda f, x, w: f.normalize(x) * w,
        ((1, 512, 1, 1),),
    ),
    Case(
        "ShuffleChannel",
        'type: "ShuffleChannel" shuffle_channel_param { group: 4 }',
        ((16, 240, 28, 28),),
        lambda f, x: f.channel_shuffle(x, 4),
    ),
    Case(
        "Interp",
        'type: "Interp" interp_param { height: 111 width: 111 }',
        ((4, 64, 56, 56),),
        lambda f, x: f.interpolate(x, (111, 111), mode="bilinear", align_corners=True),
    ),
    Case(
        "Crop",
        'type: "Crop" crop_param { offset: 34 }',
        ((1, 21, 568, 568), SCENE),
        lambda f, x, _: x[:, :, 34:534, 34:534].clone(),
    ),
    Case("Softmax of scenes", 'type: "Softmax"', (SCENE,), lambda f, x: f.softmax(x, 1)),
    Case(
        "SoftmaxWithLoss of scenes",
        'type: "SoftmaxWithLoss" loss_param { ignore_label: 255 }',
        (SCENE, (1, 500, 500)),
        lambda f, x, label: f.cross_entropy(x, label, ignore_index=255),
        classes=21,
    ),
    Case(
        "SoftmaxWithLoss",
        'type: "SoftmaxWithLoss"',
        ((256, 1000), (256,)),
        lambda f, x, label: f.cross_entropy(x, label),
        classes=1000,
    ),
    Case(
        "LayerNorm",
        'type: "LayerNorm" layer_norm_param { axis: 1 }',
        (ROWS,),
        lambda f, x, w, b: f.layer_norm(x, (768,), w, b),
        ((768,), (768,)),
    ),
    Case(
        "InnerProduct",
        'type: "InnerProduct" inner_product_param { num_output: 768 }',
        (ROWS,),
        lambda f, x, w, b: f.linear(x, w, b),
        ((768, 768), (768,)),
    ),
    Case(
        "Embed",
        'type: "Embed" embed_param { input_dim: 10000 num_output: 768 }',
        ((32, 128),),
        lambda f, index, w, b: f.embedding(index, w) + b,
        ((10000, 768), (768,)),
        classes=10000,
    ),
]

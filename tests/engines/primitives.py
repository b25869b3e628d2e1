"""One or more calls of every primitive, on small arrays of odd shapes."""

import re
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from netdef.window import Window

RNG = np.random.default_rng(11)


@dataclass(frozen=True)
class Case:
    """A call: ``writes`` gives the shape and type (None: that of the floats) of each target."""

    primitive: str
    reads: dict[str, Any]
    writes: dict[str, tuple[tuple[int, ...], str | None]]
    options: dict[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    """Roles that are not given."""

    def __str__(self) -> str:
        words = [f"{k}={v}" for k, v in self.options.items() if not isinstance(v, Window)]
        return " ".join([self.primitive, *self.writes, *words])


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape)


def out(*shape: int) -> Any:
    return {"out": (shape, None)}


def add_to(*shape: int) -> Any:
    return {"add_to": (shape, None)}


def labels(classes: int, *shape: int) -> Any:
    return RNG.integers(0, classes, shape).astype(float)


def windows() -> list[tuple[Window, tuple[int, ...], int, int, int]]:
    """Return windows with an image, channels, outputs and groups."""
    return [
        (Window((3, 3), (1, 1), (1, 1), (1, 1)), (5, 4), 3, 2, 1),
        (Window((3, 2), (2, 1), (0, 1), (1, 2)), (7, 5), 4, 6, 2),
        (Window((1, 1), (1, 1), (0, 0), (1, 1)), (3, 5), 3, 4, 1),
        (Window((1, 1), (2, 2), (0, 0), (1, 1)), (3, 5), 3, 4, 1),
        (Window((3, 3), (2, 2), (1, 1), (1, 1)), (5, 6), 3, 3, 3),
        (Window((3,), (2,), (1,), (2,)), (9,), 2, 3, 1),
        (Window((2, 2, 3), (1, 2, 1), (1, 0, 1), (1, 1, 1)), (3, 4, 3), 2, 2, 1),
    ]


def odd_windows() -> list[tuple[Window, tuple[int, ...], int, int, int]]:
    """Return windows over numbers of channels that are no multiples of a vector's length."""
    return [
        (Window((3, 3), (1, 1), (1, 1), (1, 1)), (1, 1), 17, 50, 1),
        (Window((5, 5), (1, 1), (0, 0), (1, 1)), (7, 6), 1, 17, 1),
        (Window((3, 3), (2, 2), (1, 1), (1, 1)), (6, 7), 50, 3, 1),
        (Window((3, 3), (1, 1), (1, 1), (1, 1)), (4, 5), 17, 17, 17),
    ]


def convolutions() -> list[Case]:
    cases = []
    batches = [(3, *each) for each in windows()] + [(1, *each) for each in odd_windows()]
    for batch, window, image, channels, outputs, group in batches:
        x, places = (batch, channels, *image), window.slide(image)
        weight, y = (outputs, channels // group, *window.kernel), (batch, outputs, *places)
        options = dict(window=window, group=group)
        pair = dict(x=normal(*x), weight=normal(*weight))
        cases += [
            Case("conv", pair | dict(bias=normal(outputs)), out(*y), options),
            Case("conv", pair, out(*y), options, ("bias",)),
            Case("conv_grad_x", dict(weight=normal(*weight), dy=normal(*y)), out(*x), options),
            Case("conv_grad_weight", dict(x=normal(*x), dy=normal(*y)), add_to(*weight), options),
        ]
    return cases


def poolings() -> list[Case]:
    cases = []
    for window, lead, image in [
        (Window((2, 2), (2, 2), (0, 0), (1, 1)), (3, 2), (5, 4)),
        (Window((3, 3), (2, 2), (1, 1), (1, 1)), (3, 2), (6, 5)),
        (Window((3,), (1,), (2,), (1,)), (3, 2), (4,)),
        (Window((2, 1, 2), (1, 1, 2), (0, 0, 1), (1, 1, 1)), (3, 2), (3, 2, 4)),
        (Window((3, 3), (2, 2), (0, 1), (1, 1)), (3, 3), (6, 5)),
        (Window((3, 3), (1, 1), (1, 1), (1, 1)), (1, 17), (1, 1)),
        (Window((3, 3), (2, 2), (0, 0), (1, 1)), (1, 50), (6, 4)),
        (Window((7, 7), (1, 1), (0, 0), (1, 1)), (2, 1), (7, 7)),
    ]:
        x, y = (*lead, *image), (*lead, *window.slide_up(image))
        options = dict(window=window)
        # A place inside the image for every window: the middle of the kernel.
        index = np.full(y, int(np.prod(window.kernel)) // 2, "uint8")
        writes = {**out(*y), "index": (y, "uint8")}
        cases += [
            Case("pool_max", dict(x=normal(*x)), writes, options),
            Case("pool_max", dict(x=normal(*x).round()), writes, options),
            Case("pool_max", dict(x=normal(*x)), out(*y), options, ("index",)),
            Case("pool_max_grad", dict(dy=normal(*y), index=index), out(*x), options),
            Case("pool_max_place", dict(index=index), out(*y), options | dict(size=image)),
            Case("pool_average", dict(x=normal(*x)), out(*y), options),
            Case("pool_average_grad", dict(dy=normal(*y)), out(*x), options),
        ]
    return cases


def local_responses() -> list[Case]:
    cases = []
    for shape, size, beta in [
        ((3, 5, 4), 3, 0.75),
        ((2, 6, 2, 3), 5, 0.75),
        ((2, 3, 4, 5), 9, 0.75),
        ((1, 17, 1, 2), 3, 0.5),
        ((1, 50, 3, 2), 5, 0.75),
        ((2, 1, 3, 3), 3, 0.75),
        ((4, 7), 3, 2.0),
        ((2, 4, 2, 2, 3), 3, 1.0),
    ]:
        options = dict(size=size, alpha=0.7, beta=beta, k=2.0)
        x, scales = normal(*shape), (shape[0], 2 * shape[1], *shape[2:])
        saved = np.concatenate([2 + np.abs(normal(*shape)), normal(*shape)], axis=1)
        grad = dict(x=x, dy=normal(*shape), scales=saved)
        cases += [
            Case("lrn", dict(x=x), out(*shape) | {"scales": (scales, None)}, options),
            Case("lrn", dict(x=x), out(*shape), options, ("scales",)),
            Case("lrn_grad", grad, out(*shape), options),
        ]
    return cases


_NORMALIZED = ((3, 2, 4, 3), (4, 17), (5, 16, 3), (2, 3, 2, 3, 2))


def batch_norms(shapes: tuple[tuple[int, ...], ...] = _NORMALIZED) -> list[Case]:
    cases = []
    for shape in shapes:
        x, vector = normal(*shape), (shape[1],)
        made = {**out(*shape), "mean": (vector, None), "variance": (vector, None)}
        plain, clipped = dict(eps=1e-3, relu=False), dict(eps=1e-3, relu=True)
        learned = dict(scale=normal(*vector), bias=normal(*vector))
        mean, variance = x.mean((0, *range(2, x.ndim))), x.var((0, *range(2, x.ndim)))
        seen = dict(x=x, dy=normal(*shape), mean=mean, variance=variance)
        sums = {"add_scale": (vector, None), "add_bias": (vector, None)}
        cases += [
            Case("batch_norm", dict(x=x), made, plain, ("scale", "bias", "mask")),
            Case("batch_norm", dict(x=x) | learned, made, plain, ("mask",)),
            Case("batch_norm", dict(x=x) | learned, made, clipped, ("mask",)),
            Case(
                *("batch_norm_back", seen, out(*shape), plain),
                ("scale", "mask", "add_scale", "add_bias"),
            ),
            Case(
                *("batch_norm_back", seen | dict(scale=normal(*vector)), out(*shape) | sums),
                *(plain, ("mask",)),
            ),
        ]
    return cases


def placings() -> list[Case]:
    place = np.stack([RNG.permutation(12)[:4] for _ in range(6)]).reshape(3, 2, 2, 2).astype(float)
    return [
        Case("unpool", dict(x=normal(3, 2, 2, 2), place=place), out(3, 2, 4, 3)),
        Case("unpool_grad", dict(dy=normal(3, 2, 4, 3), place=place), out(3, 2, 2, 2)),
    ]


def products() -> list[Case]:
    cases = []
    for (m, n, k), trans_a, trans_b in product(
        [(3, 4, 5), (33, 260, 1001), (201, 70, 600)], [False, True], [False, True]
    ):
        a, b = normal(*((k, m) if trans_a else (m, k))), normal(*((n, k) if trans_b else (k, n)))
        reads, options = dict(a=a, b=b), dict(trans_a=trans_a, trans_b=trans_b)
        cases += [
            Case("gemm", reads | dict(bias=normal(n)), out(m, n), options),
            Case("gemm", reads, out(m, n), options, ("bias",)),
            Case("gemm", reads, add_to(m, n), options, ("bias",)),
        ]
    for trans_a, trans_b in product([False, True], [False, True]):
        a, b = (2, 3, *(90, 70)[:: -1 if trans_a else 1]), (70, 333)[:: -1 if trans_b else 1]
        options, y = dict(trans_a=trans_a, trans_b=trans_b), (2, 3, 90, 333)
        reads = dict(a=normal(*a), b=normal(*b))
        cases += [
            Case("gemm", reads | dict(bias=normal(333)), out(*y), options),
            Case("gemm", reads, add_to(*y), options, ("bias",)),
            Case("gemm", dict(a=normal(*a), b=normal(2, 3, *b)), out(*y), options, ("bias",)),
            Case("gemm", dict(a=normal(*a[2:]), b=normal(2, 3, *b)), out(*y), options, ("bias",)),
        ]
    return cases


def normalizations() -> list[Case]:
    cases = []
    for shape in [(5, 3), (4, 3, 2, 5), (3, 2, 4)]:
        count = shape[1]
        statistics = {"mean": ((count,), None), "variance": ((count,), None)}
        reads = dict(y=normal(*shape), dy=normal(*shape), inverse_std=np.abs(normal(count)))
        cases += [
            Case("batch_statistics", dict(x=normal(*shape)), statistics),
            Case("batch_norm_grad", reads, out(*shape)),
        ]
    return cases


def layer_norms() -> list[Case]:
    cases = []
    for rows, length in [(3, 5), (97, 401), (1, 33001), (2100, 17)]:
        x, eps = 2 * normal(rows, length) + 1, dict(eps=0.1)
        each = {"mean": ((rows,), None), "variance": ((rows,), None)}
        made, small = out(rows, length) | each, dict(scale=normal(length), bias=normal(length))
        seen = dict(x=x, dy=normal(rows, length), mean=x.mean(1), variance=x.var(1))
        sums = {"add_scale": ((length,), None), "add_bias": ((length,), None)}
        scaled = seen | dict(scale=small["scale"])
        cases += [
            Case("layer_norm", dict(x=x) | small, made, eps),
            Case("layer_norm", dict(x=x), made, eps, ("scale", "bias")),
            Case("layer_norm", dict(x=x, bias=small["bias"]), made, eps, ("scale",)),
            Case("layer_norm_back", scaled, out(rows, length) | sums, eps),
            Case("layer_norm_back", scaled, sums, eps, ("out",)),
            Case("layer_norm_back", scaled, out(rows, length), eps, ("add_scale", "add_bias")),
        ]
        for bias, without in ((sums.keys() - {"add_scale"}, ()), ((), ("add_bias",))):
            writes = out(rows, length) | {role: sums[role] for role in bias}
            absent = ("scale", "add_scale", *without)
            cases.append(Case("layer_norm_back", seen, writes, eps, absent))
    return cases


def prelus() -> list[Case]:
    cases = []
    for shape in [(3, 5), (2, 3, 4), (3, 17, 31, 29), (2, 16, 13, 5, 31), (700, 50)]:
        x = normal(*shape)
        x[0, 0] = 0
        for slopes in ((shape[1],), ()):
            reads = dict(x=x, slope=normal(*slopes))
            # With errors of one sign sums do not cancel, which would leave the rounding.
            seen, sums = reads | dict(dy=np.abs(normal(*shape))), {"add_slope": (slopes, None)}
            cases += [
                Case("prelu", reads, out(*shape)),
                Case("prelu_back", seen, out(*shape) | sums),
                Case("prelu_back", seen, out(*shape), absent=("add_slope",)),
                Case("prelu_back", seen, sums, absent=("out",)),
            ]
    return cases


def softmaxes() -> list[Case]:
    cases = []
    for shape, axis in [((2, 21, 33, 29), 1), ((1, 3, 97, 131), 1), ((301, 130), 1)]:
        pair = dict(y=normal(*shape), dy=normal(*shape))
        cases += [
            Case("softmax", dict(x=5 * normal(*shape)), out(*shape), dict(axis=axis)),
            Case("softmax_grad", pair, out(*shape), dict(axis=axis)),
        ]
    for shape, axis in [
        *[((4, 3), 1), ((3, 4, 2, 3), 1), ((2, 3, 5), -1), ((5,), 0), ((3, 2, 2), 0)],
        *[((301, 130), 1), ((2, 21, 33, 29), 1)],
    ]:
        classes = shape[axis]
        places = tuple(n for i, n in enumerate(shape) if i != axis % len(shape))
        x, label = normal(*shape), labels(classes, *places)
        pair = dict(y=normal(*shape), dy=normal(*shape))
        cases += [
            Case("softmax", dict(x=x), out(*shape), dict(axis=axis)),
            Case("softmax_grad", pair, out(*shape), dict(axis=axis)),
        ]
        for ignore, normalization in [(None, "FULL"), (1, "VALID"), (0, "BATCH_SIZE")]:
            options = dict(axis=axis, ignore=ignore)
            loss = {**out(), "probability": (shape, None), "normalizer": ((), None)}
            grad = dict(
                probability=np.abs(normal(*shape)),
                label=label,
                normalizer=np.array(4.0),
                dloss=np.array(0.5),
            )
            more = dict(normalization=normalization)
            cases += [
                Case("softmax_loss", dict(x=x, label=label), loss, options | more),
                Case("softmax_loss_grad", grad, out(*shape), options),
                Case(
                    "accuracy",
                    dict(x=x, label=label),
                    {**out(), "per_class": ((classes,), None)},
                    options | dict(top_k=min(2, classes)),
                ),
            ]
    return cases


EXPRESSIONS = [
    "maximum(x, 0)",
    "dy * (x > 0)",
    "where(x > dy, x * dy, 0.5 * (x - dy))",
    "exp(-abs(x)) + sqrt(square(dy))",
    "x",
    "2",
    "(x - wide) * tanh(dy) / (1 + square(wide))",
    "x * one + (x >= 0) * (dy < 0) - (x == dy) + (x != dy) - (x <= dy)",
    "power(abs(x), 0.75) * sign(dy) + log(abs(dy)) + log1p(abs(x)) - reciprocal(2 + abs(x))",
    "minimum(x, dy) ** 2 + abs(x) ** 1.5",
]


CHAINS = [
    "x",
    "maximum(x, 0)",
    "dy * (x > 0)",
    "(x + dy) * (z > 0)",
    "maximum(x + dy, 0) * (z > 0) * 0.5",
    "x * (z >= 0.25) * 2",
    "z * (x >= 0) * 1.5 * (dy > 0)",
    "maximum(x * wide + dy - 1, 0)",
    "x * wide + far",
    "minimum(dy, 0.5) / z - x",
    "x * z + x",
    "0.5 * tanh(0.5 * x) + 0.5",
    "dy * far - (z + (x - far) * wide)",
    "dy * each - (wide + (x - each) * each)",
    "x * wide * (far - square(wide)) + exp(x)",
    "maximum(x, 0) + log1p(exp(-abs(x))) / z",
    "dy * sign(x + 0.1) - sqrt(abs(x)) * log(1 + square(z))",
    "(x > -0.5) * (x < 0.5) * (2 * x + 3) + (x >= 0.5) / (1 + abs(dy) ** 1.5)",
]
"""What an engine may compute step by step, on arrays large enough for it."""


def chains() -> list[Case]:
    shape = (3, 17, 31, 29)
    every = dict(x=normal(*shape), dy=normal(*shape), z=2 + normal(*shape))
    every |= dict(wide=normal(1, 17, 1, 1), far=normal(17, 1, 1), each=normal(3, 17, 1, 1))
    cases = []
    for text in CHAINS:
        reads = {name: array for name, array in every.items() if re.search(rf"\b{name}\b", text)}
        options = dict(expression=text, numbers={})
        cases += [Case("map", reads, target, options) for target in (out(*shape), add_to(*shape))]
    return cases


def maps() -> list[Case]:
    shape = (3, 4, 2, 5)
    every = dict(x=normal(*shape), dy=normal(*shape), wide=normal(1, 4, 1, 1), one=normal(1))
    cases = []
    for text in EXPRESSIONS:
        options = dict(expression=text, numbers={})
        reads = {name: array for name, array in every.items() if name in text}
        cases += [Case("map", reads, target, options) for target in (out(*shape), add_to(*shape))]
    numbered = dict(expression="slope * x", numbers={"slope": 0.25})
    cases.append(Case("map", dict(x=normal()), out(), numbered))
    return cases


def sums() -> list[Case]:
    cases = []
    for shape in [(3, 17, 5, 7), (2, 50, 64, 3), (1, 3, 31), (2, 5000, 2)]:
        axes = (0, *range(2, len(shape)))
        for target in (out(shape[1]), add_to(shape[1])):
            cases.append(Case("sum", dict(x=normal(*shape)), target, dict(axes=axes)))
    for axes, left in [((2, 3), (2, 17)), ((1, 2), (2, 3)), ((0, 2), (17, 3)), ((2,), (2, 17, 3))]:
        x = normal(2, 17, 720, 3)
        cases += [
            Case("sum", dict(x=x), goal, dict(axes=axes)) for goal in (out(*left), add_to(*left))
        ]
    for shape, axes in [
        ((5, 900), (1,)),
        ((5, 300, 4), (1, 2)),
        ((2, 719, 3), (1,)),
        ((9000,), (0,)),
    ]:
        left = [n for axis, n in enumerate(shape) if axis not in axes]
        cases.append(Case("sum", dict(x=normal(*shape)), out(*left), dict(axes=axes)))
    for axes, left in [
        ((0, 2, 3), (3,)),
        ((0,), (3, 4, 2)),
        ((), (2, 3, 4, 2)),
        ((0, 1, 2, 3), ()),
    ]:
        a, b = normal(2, 3, 4, 2), normal(2, 3, 4, 2)
        for target in (out(*left), add_to(*left)):
            cases.append(Case("sum", dict(x=a), target, dict(axes=axes)))
            cases.append(Case("sum_product", dict(a=a, b=b), target, dict(axes=axes)))
    return cases


def copies() -> list[Case]:
    parts = (normal(3, 2, 4), normal(3, 1, 4), normal(3, 3, 4))
    return [
        Case("copy", dict(x=normal(3, 2, 5)), out(3, 2, 5)),
        Case("copy", dict(x=normal(3, 17, 50, 31)), out(3, 17, 50, 31)),
        Case("copy", dict(x=np.arange(6, dtype="uint8").reshape(1, 2, 3)), out(1, 2, 3)),
        Case("fill", {}, out(3, 2, 5), dict(value=0.25)),
        Case("concat", dict(parts=parts), out(3, 6, 4), dict(axis=1)),
        Case("concat", dict(parts=parts[:1] * 2), out(6, 2, 4), dict(axis=0)),
        Case("concat", dict(parts=parts[:1] * 2), out(3, 2, 8), dict(axis=-1)),
    ]


def indexings() -> list[Case]:
    table, index = normal(5, 3), labels(5, 2, 4)
    window = Window((2, 3), (2, 1), (0, 1), (1, 1))
    columns = (3, 12, 2, 4)
    return [
        Case("gather", dict(table=table, index=index), out(2, 4, 3)),
        Case("scatter", dict(rows=normal(2, 4, 3), index=index), add_to(5, 3)),
        Case("scatter", dict(rows=normal(2, 4, 150), index=index), add_to(5, 150)),
        Case("scatter", dict(rows=normal(2, 4, 30, 5), index=index), add_to(5, 30, 5)),
        Case("one_hot", dict(label=labels(4, 3, 2)), out(3, 4, 2), dict(axis=1, ignore=None)),
        Case("one_hot", dict(label=labels(4, 3, 2)), out(3, 2, 4), dict(axis=-1, ignore=2)),
        Case("unfold", dict(x=normal(3, 2, 5, 4)), out(*columns), dict(window=window)),
        Case("fold", dict(columns=normal(*columns)), out(3, 2, 5, 4), dict(window=window)),
    ]


def draws() -> list[Case]:
    cases = []
    for window, image in [
        (Window((2, 2), (2, 2), (0, 0), (1, 1)), (5, 4)),
        (Window((3,), (1,), (0,), (1,)), (4,)),
        (Window((2, 1, 2), (1, 1, 2), (0, 0, 0), (1, 1, 1)), (3, 2, 5)),
    ]:
        x, y = (3, 2, *image), (3, 2, *window.slide_up(image))
        reads = dict(x=RNG.random(x), chance=RNG.random(y))
        writes = out(*y) | {"index": (y, "uint8")}
        cases.append(Case("pool_stochastic", reads, writes, dict(window=window)))
    return cases


def rankings() -> list[Case]:
    cases = []
    for count, axis in [(1, 1), (1, -1), (2, 0), (3, 1)]:
        shape = [3, 4, 5]
        x, shape[axis] = normal(3, 4, 5).round(1), count
        both = {"index": (tuple(shape), None), "value": (tuple(shape), None)}
        for roles in (["index"], ["value"], ["index", "value"]):
            absent = tuple(both.keys() - roles)
            options = dict(count=count, axis=axis)
            writes = {role: both[role] for role in roles}
            cases.append(Case("largest", dict(x=x), writes, options, absent))
    return cases


def attentions() -> list[Case]:
    """Return attention with memory of another length, and with places that are hidden."""
    found = []
    for sizes, is_causal in (((2, 3, 4, 5, 8), False), ((1, 2, 6, 6, 8), True)):
        items, heads, places, seen, features = sizes
        q, k, v, dy = (normal(items, heads, n, features) for n in (places, seen, seen, places))
        hidden = np.triu(np.full((places, seen), -np.inf), 1) if is_causal else None
        match = 0.3 * q @ k.swapaxes(2, 3) + (0 if hidden is None else hidden)
        stats = np.log(np.exp(match).sum(axis=3, keepdims=True))
        reads = dict(q=q, k=k, v=v) | ({} if hidden is None else dict(hidden=hidden))
        shapes = dict(out=(q.shape, None), stats=(stats.shape, None))
        absent = ("hidden",) if hidden is None else ()
        found.append(Case("attention", reads, shapes, dict(scale=0.3), absent))
        back = reads | dict(y=np.exp(match - stats) @ v, dy=dy, stats=stats)
        writes = dict(dq=(q.shape, None), dk=(k.shape, None), dv=(v.shape, None))
        found.append(Case("attention_back", back, writes, dict(scale=0.3), absent))
    return found


def cases() -> list[Case]:
    return [
        *attentions(),
        *draws(),
        *rankings(),
        *indexings(),
        *convolutions(),
        *poolings(),
        *batch_norms(),
        *local_responses(),
        *placings(),
        *products(),
        *normalizations(),
        *layer_norms(),
        *prelus(),
        *softmaxes(),
        *maps(),
        *chains(),
        *sums(),
        *copies(),
    ]

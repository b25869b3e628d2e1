"""One or more calls of every primitive, on small arrays of odd shapes."""

from dataclasses import dataclass, field
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


def convolutions() -> list[Case]:
    cases = []
    for window, image, channels, outputs, group in windows():
        x, places = (3, channels, *image), window.slide(image)
        weight, y = (outputs, channels // group, *window.kernel), (3, outputs, *places)
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
    for window, image in [
        (Window((2, 2), (2, 2), (0, 0), (1, 1)), (5, 4)),
        (Window((3, 3), (2, 2), (1, 1), (1, 1)), (6, 5)),
        (Window((3,), (1,), (2,), (1,)), (4,)),
        (Window((2, 1, 2), (1, 1, 2), (0, 0, 1), (1, 1, 1)), (3, 2, 4)),
    ]:
        x, y = (3, 2, *image), (3, 2, *window.slide_up(image))
        options = dict(window=window)
        # A place inside the image for every window: the middle of the kernel.
        index = np.full(y, int(np.prod(window.kernel)) // 2, "uint8")
        writes = {**out(*y), "index": (y, "uint8")}
        cases += [
            Case("pool_max", dict(x=normal(*x)), writes, options),
            Case("pool_max", dict(x=normal(*x)), out(*y), options, ("index",)),
            Case("pool_max_grad", dict(dy=normal(*y), index=index), out(*x), options),
            Case("pool_max_place", dict(index=index), out(*y), options | dict(size=image)),
            Case("pool_average", dict(x=normal(*x)), out(*y), options),
            Case("pool_average_grad", dict(dy=normal(*y)), out(*x), options),
        ]
    for axis, size in [(1, 3), (1, 9), (2, 5)]:
        options = dict(size=size, axis=axis)
        cases.append(Case("window_sum", dict(x=normal(3, 5, 4)), out(3, 5, 4), options))
    return cases


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


def cases() -> list[Case]:
    return [
        *draws(),
        *rankings(),
        *indexings(),
        *convolutions(),
        *poolings(),
        *products(),
        *normalizations(),
        *softmaxes(),
        *maps(),
        *sums(),
        *copies(),
    ]

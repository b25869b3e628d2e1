"""The forms that layers had in binary weights over the years, by the numbers of their fields."""

from collections.abc import Iterator
from dataclasses import dataclass

from netdef.io.wire import fields, inner

LAYER, LAYERS = 100, 2
"""Of a net: its layers in today's form, and in those of 2013 and 2014."""
V0_LAYER = 1
"""Of a V1 layer: the V0 layer in it."""


@dataclass(frozen=True)
class Form:
    """What a form is called, and the numbers of the fields that matter."""

    title: str
    name: int
    type: int
    blobs: int


TODAY, V1, V0 = Form("today's form", 1, 2, 7), Form("V1", 4, 5, 6), Form("V0", 1, 2, 50)


def layer_messages(net: memoryview) -> Iterator[tuple[memoryview, Form]]:
    """Yield each layer of a serialized net; a V0 layer as V1, for it lies in one.

    Raises:
        WeightsError: the message is damaged.
    """
    for number, value in fields(net):
        if number in (LAYER, LAYERS):
            yield inner(value), TODAY if number == LAYER else V1

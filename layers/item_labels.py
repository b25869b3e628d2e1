"""Losses whose items have one label each."""

from netdef.errors import ShapeError
from netdef.shape import Shape


def check_item_labels(x: Shape, label: Shape) -> None:
    """Fail unless there is one label for each item of the batch.

    Raises:
        ShapeError: their numbers differ.
    """
    if label.size != x[0]:
        raise ShapeError(
            f"scores of shape {x} need {x[0]} labels, one an item, but the labels have the shape"
            f" {label}"
        )


def by_item(x: Shape) -> Shape:
    """Return the shape of x with all axes but the first as one."""
    return Shape((x[0], Shape(x[1:]).size))

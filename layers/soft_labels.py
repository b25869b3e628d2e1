"""Cross-entropy with labels that are spread over the classes."""

from math import prod

from netdef.errors import ShapeError
from netdef.ops import Array, Ops
from netdef.shape import Shape


def check_labels(x: Shape, label: Shape, axis: int) -> None:
    """Fail unless there is one label for each place of x outside ``axis``.

    Raises:
        ShapeError: their numbers differ.
    """
    places = places_of(x, axis)
    if label.size != places.size:
        raise ShapeError(
            f"scores of shape {x} with classes along axis {x.axis(axis)} need {places.size} labels,"
            f" as {places}, but the labels have the shape {label}"
        )


def places_of(x: Shape, axis: int) -> Shape:
    """Return the axes of x but ``axis``."""
    at = x.axis(axis)
    return Shape((*x[:at], *x[at + 1 :]))


def batch_of(x: Array, axis: int) -> int:
    """Return the number of items that the axes before ``axis`` count."""
    return prod(x.shape[: axis % x.ndim])


def one_along(x: Array, axis: int) -> tuple[int, ...]:
    """Return the shape of x with one class."""
    return tuple(1 if i == axis % x.ndim else n for i, n in enumerate(x.shape))


def cross_entropy(
    ops: Ops,
    probability: Array,
    target: Array,
    normalizer: Array,
    *,
    smallest: float,
    terms: Array,
    loss: Array,
) -> None:
    """``loss = -sum(target log(max(probability, smallest))) / normalizer``."""
    text = "target * log(maximum(p, smallest))"
    ops.map(text, target=target, p=probability, smallest=smallest, out=terms)
    ops.sum(terms, tuple(range(terms.ndim)), out=loss)
    ops.map("-loss / n", loss=loss, n=normalizer, out=loss)


def cross_entropy_grad(
    ops: Ops,
    probability: Array,
    target: Array,
    normalizer: Array,
    dloss: Array,
    axis: int,
    *,
    total: Array,
    out: Array,
) -> None:
    """Gradient through ``softmax``: ``(probability sum(target) - target) dloss / normalizer``."""
    at = axis % target.ndim
    ops.sum(target, (at,), out=total)
    ops.map(
        "(p * total - target) * dloss / n",
        p=probability,
        total=total.reshape(one_along(target, at)),
        target=target,
        dloss=dloss,
        n=normalizer,
        out=out,
    )
